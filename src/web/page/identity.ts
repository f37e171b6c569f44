import { browserStorage, tabStorage } from "./storage.ts";

const nameLimitCharacters = 40;
const ownKeysMax = 200;

/** Who this tab is to the server. */
export interface Identity {
  /** Empty for a guest, whom the server names. */
  readonly name: string;
  readonly userId?: string;
  readonly client?: "admin" | "user";
  readonly token?: string;
}

/** The name given in this tab, else the last one given in this browser, else none. */
export function rememberedName(): string {
  return tidyName(tabStorage.read("name") ?? browserStorage.read("name") ?? "");
}

/** Remembers a name and returns it as it is used: trimmed, at most 40 characters. */
export function rememberName(name: string): string {
  const tidy = tidyName(name);
  tabStorage.write("name", tidy);
  browserStorage.write("name", tidy === "" ? null : tidy);
  return tidy;
}

function tidyName(name: string): string {
  return name.replace(/\s+/g, " ").trim().slice(0, nameLimitCharacters).trim();
}

/** The token, or key, given in this tab; null: none. It is kept for as long as the tab is open. */
export function rememberedToken(): string | null {
  return tabStorage.read("token");
}

/** Empty: none. */
export function rememberToken(token: string): void {
  tabStorage.write("token", token.trim() || null);
}

/** Keeps the token of `?token=` in the tab, and takes it out of the address, which is shown and written down. */
export function takeTokenOfAddress(): void {
  const address = new URL(window.location.href);
  const token = address.searchParams.get("token");
  if (token === null) return;
  rememberToken(token);
  address.searchParams.delete("token");
  window.history.replaceState(window.history.state, "", address);
}

/** The name and the token, and what the page's own address says: `?user_id=` and `?client=`, as on `/ws`. */
export function currentIdentity(): Identity {
  const query = new URLSearchParams(window.location.search);
  const userId = query.get("user_id");
  const client = query.get("client");
  const token = rememberedToken();
  return {
    name: rememberedName(),
    ...(userId ? { userId } : {}),
    ...(client === "admin" || client === "user" ? { client } : {}),
    ...(token ? { token } : {}),
  };
}

/** The keys of this tab's own messages, by which it knows them again after a reload. */
export class OwnKeys {
  readonly #keys: Set<string>;

  constructor() {
    this.#keys = new Set((tabStorage.read("keys") ?? "").split(" ").filter((key) => key !== ""));
  }

  has(key: string | undefined): boolean {
    return key !== undefined && this.#keys.has(key);
  }

  /** Makes a new key and remembers it; beyond 200 the oldest is forgotten. */
  next(): string {
    const key = crypto.randomUUID();
    this.#keys.add(key);
    for (const oldest of this.#keys) {
      if (this.#keys.size <= ownKeysMax) break;
      this.#keys.delete(oldest);
    }
    tabStorage.write("keys", [...this.#keys].join(" "));
    return key;
  }
}
