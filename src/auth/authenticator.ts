import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { ClientIdentities } from "./client-identities.ts";
import type { Credentials } from "./credentials.ts";
import type { Identity } from "./identity.ts";
import type { Revocations } from "./revocations.ts";
import type { ServerKeys } from "./server-keys.ts";
import type { TokenVerifier } from "./token-verifier.ts";

interface AuthenticatorParts {
  /** Null: clients have no tokens. */
  readonly verifier: TokenVerifier | null;
  /** Null: servers have no keys. */
  readonly keys: ServerKeys | null;
  readonly revocations: Revocations;
}

const revoked = new Failure("unauthorized", "The token was revoked: get a new one.");
const unknownKey = new Failure("unauthorized", "The API key is not one of this server's.");
const noTokens = new Failure(
  "unauthorized",
  "This server takes no tokens, and this is none of its API keys.",
);

/** Finds out who somebody is by what they bring: a client its token, a server its key. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  readonly #identities = new ClientIdentities();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Neither tokens nor keys: everybody may do everything. */
  get isOpen(): boolean {
    return this.#parts.verifier === null && this.#parts.keys === null;
  }

  get takesTokens(): boolean {
    return this.#parts.verifier !== null;
  }

  /** Who brings these; null: nobody in particular, as there are none. In place unless a token is to be checked. */
  identifyBy({ apiKey, bearer, token }: Credentials): MaybePromise<Identity | Failure> | null {
    if (apiKey !== null) return this.identifyKey(apiKey);
    const credential = bearer ?? token;
    return credential === null ? null : this.identify(credential);
  }

  /** What stands behind `Authorization: Bearer`: a key or a token. In place where it is a key. */
  identify(credential: string): MaybePromise<Identity | Failure> {
    return this.#parts.keys?.identify(credential) ?? this.verifyToken(credential);
  }

  /** What stands in `X-API-Key`. */
  identifyKey(key: string): Identity | Failure {
    return this.#parts.keys?.identify(key) ?? unknownKey;
  }

  async verifyToken(token: string): Promise<Identity | Failure> {
    const { verifier } = this.#parts;
    if (verifier === null) return noTokens;
    const claims = await verifier.verify(token);
    if (claims instanceof Failure) return claims;
    const identity = this.#identities.identify(claims);
    return this.#parts.revocations.isRevoked(identity) ? revoked : identity;
  }

  /** Whether an identity that was good still is: its token not revoked, its key not taken away. Time is left aside. */
  isStillGood(identity: Identity): boolean {
    if (identity.kind === "key") return this.#parts.keys?.isCurrent(identity) === true;
    return !this.#parts.revocations.isRevoked(identity);
  }
}
