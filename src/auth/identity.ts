import type { Role } from "../core/role.ts";
import { type Grants, openGrants } from "./grants.ts";

/** Who somebody proved to be, and what follows from it. */
export interface Identity {
  readonly kind: "open" | "anonymous" | "user" | "key";
  /** Whose connections these are; null: nobody's in particular. */
  readonly userId: string | null;
  /** Who the publications are from where neither user nor name says it: the key's name. */
  readonly name: string | null;
  /** Whose idempotency keys: no user's can be a server key's. Undefined in open mode. */
  readonly publisher: string | undefined;
  /** Null: it was not said. */
  readonly role: Role | null;
  readonly grants: Grants;
  /** Null: there was no token. */
  readonly token: TokenFacts | null;
}

/** What of a token is looked at later. Times in Unix milliseconds. */
interface TokenFacts {
  /** `jti`. */
  readonly id: string | null;
  readonly issuedAtMs: number | null;
  readonly expiresAtMs: number;
}

/** Everybody, on a server in open mode. */
export const openIdentity: Identity = {
  kind: "open",
  userId: null,
  name: null,
  publisher: undefined,
  role: null,
  grants: openGrants,
  token: null,
};

/** Whether it rests on a token or a key, and ends with it. */
export function isProof({ kind }: Identity): boolean {
  return kind === "user" || kind === "key";
}
