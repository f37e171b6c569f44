import type { Access } from "../auth/access.ts";
import { refuseAdministration } from "../auth/access.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { readCredentials } from "../auth/credentials.ts";
import type { Action } from "../auth/grants.ts";
import { type Identity, openIdentity } from "../auth/identity.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { RequestServer } from "./context.ts";
import { HttpFailure } from "./http-failure.ts";
import { requireLocalCaller } from "./local-caller.ts";

const missing = new HttpFailure(
  new Failure(
    "unauthorized",
    "This address needs an API key or a token: send it as Authorization: Bearer <it>, a key also as X-API-Key.",
  ),
  { headers: { "www-authenticate": 'Bearer realm="fanfare"' } },
);

/** How a refused credential is answered; one that cannot be checked now is none that is wrong. */
function refusedCredential(failure: Failure): HttpFailure {
  if (failure.code !== "unauthorized") return new HttpFailure(failure);
  return new HttpFailure(failure, {
    headers: { "www-authenticate": 'Bearer realm="fanfare", error="invalid_token"' },
  });
}

/** Who calls. A route can learn it only of a request that was identified: one that is not is refused. */
export class Callers {
  readonly #authenticator: Authenticator;
  readonly #access: Access;
  readonly #withoutToken: Identity | null;
  readonly #known = new WeakMap<Request, Identity>();

  /** `withoutToken`: who somebody without credentials is, where that may open an event stream. */
  constructor(authenticator: Authenticator, access: Access, withoutToken: Identity | null) {
    this.#authenticator = authenticator;
    this.#access = access;
    this.#withoutToken = withoutToken;
  }

  /** Neither tokens nor keys: nobody has to be identified. */
  get isOpen(): boolean {
    return this.#authenticator.isOpen;
  }

  /** Finds out who calls, by the headers alone. Throws or rejects with an HttpFailure where that does not count. */
  identify(request: Request): MaybePromise<void> {
    const found = this.#authenticator.identifyBy(readCredentials(request.headers, null));
    if (found === null) throw missing;
    if (found instanceof Promise) return found.then((settled) => this.#note(request, settled));
    this.#note(request, found);
  }

  /** As `identify`, for an address that takes a token in its query, and those without one where they may read. */
  async identifyReader(request: Request, query: URLSearchParams): Promise<Identity> {
    if (this.isOpen) return openIdentity;
    const found =
      (await this.#authenticator.identifyBy(readCredentials(request.headers, query))) ?? this.#withoutToken;
    if (found === null) throw missing;
    if (found instanceof Failure) throw refusedCredential(found);
    return found;
  }

  of(request: Request): Identity {
    if (this.isOpen) return openIdentity;
    const identity = this.#known.get(request);
    if (identity === undefined) throw missing;
    return identity;
  }

  /** Throws unless the caller may do this to the topic; who it is. */
  require(request: Request, action: Action, topic: string): Identity {
    const identity = this.of(request);
    const refusal = this.#access(identity, action, topic);
    if (refusal !== null) throw new HttpFailure(refusal);
    return identity;
  }

  /** Throws unless the caller is an administrator: by its key, or in open mode by sitting at this machine. */
  requireAdministrator(request: Request, server: RequestServer): void {
    if (this.isOpen) requireLocalCaller(request, server);
    else this.requireInsight(request);
  }

  /** Throws unless the caller may see how the server is, which in open mode everybody may. */
  requireInsight(request: Request): void {
    const refusal = refuseAdministration(this.of(request));
    if (refusal !== null) throw new HttpFailure(refusal);
  }

  #note(request: Request, found: Identity | Failure): void {
    if (found instanceof Failure) throw refusedCredential(found);
    this.#known.set(request, found);
  }
}
