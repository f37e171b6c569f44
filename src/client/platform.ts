/**
 * The little of the platform that the SDK uses, described by shape: the same source then type-checks against the
 * DOM, Bun and Node, and a test can hand in its own.
 */

export interface WebSocketLike {
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

export interface FetchInit {
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly cache: "no-store";
  readonly signal: AbortSignal;
}

export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

interface EventTargetLike {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

interface BrowserScope extends Partial<EventTargetLike> {
  readonly document?: EventTargetLike & { readonly visibilityState?: string };
}

/**
 * Calls `wake` when the platform says that the network or the user is back, and `offline` when the network goes:
 * moments at which a timer set earlier knows less than the platform. Returns the function that stops listening;
 * does nothing where there are no such events.
 */
export function watchPlatform(wake: () => void, offline: () => void): () => void {
  const scope = globalThis as unknown as BrowserScope;
  const page = scope.document;
  const becameVisible = () => {
    if (page?.visibilityState !== "hidden") wake();
  };
  scope.addEventListener?.("online", wake);
  scope.addEventListener?.("offline", offline);
  page?.addEventListener?.("visibilitychange", becameVisible);
  return () => {
    scope.removeEventListener?.("online", wake);
    scope.removeEventListener?.("offline", offline);
    page?.removeEventListener?.("visibilitychange", becameVisible);
  };
}

/** A fresh idempotency key. */
export function randomKey(): string {
  // randomUUID is missing on pages served over plain HTTP, where getRandomValues is not.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
