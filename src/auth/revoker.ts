import { Failure } from "../core/failure.ts";
import type { Clock } from "../core/ports.ts";
import type { Revocation } from "./revocation.ts";
import type { Revocations } from "./revocations.ts";

/** How revocations reach the other nodes, and those that start later. */
export interface RevocationStore {
  /** Those in force; a Failure when they cannot be read now. */
  load(): Promise<readonly Revocation[] | Failure>;
  /** Keeps it, and tells the other nodes. */
  save(revocation: Revocation): Promise<Failure | null>;
  /** Called with what other nodes revoke from now on. */
  subscribe(onRevocation: (revocation: Revocation) => void): void;
  /** Called each time when some of it may have been missed, or can be loaded at last. */
  onGap(run: () => void): void;
}

/** Of a node that has no others. */
const noStore: RevocationStore = {
  load: async () => [],
  save: async () => null,
  subscribe: () => {},
  onGap: () => {},
};

interface RevokerOptions {
  /** No token is valid for longer from now. */
  readonly lifetimeMaxMs: number;
  readonly clockSkewMs: number;
}

/** What was revoked, and what that did here. */
export interface Revoked {
  readonly revocation: Revocation;
  /** Connections of this node that ended. */
  readonly ended: number;
}

/** Revokes tokens, on this node at once and on the others as soon as they hear of it. */
export class Revoker {
  readonly #options: RevokerOptions;
  readonly #revocations: Revocations;
  readonly #clock: Clock;
  readonly #endRevoked: () => number;
  readonly #synchronised = Promise.withResolvers<void>();
  #store: RevocationStore = noStore;

  /** `endRevoked` ends the connections whose tokens are revoked, and says how many. */
  constructor(
    options: RevokerOptions,
    ports: {
      readonly revocations: Revocations;
      readonly clock: Clock;
      readonly endRevoked: () => number;
    },
  ) {
    this.#options = options;
    this.#revocations = ports.revocations;
    this.#clock = ports.clock;
    this.#endRevoked = ports.endRevoked;
  }

  /** From now on there are other nodes. Called once. */
  connect(store: RevocationStore): void {
    this.#store = store;
    store.subscribe((revocation) => {
      if (this.#revocations.apply(revocation) === null) this.#endRevoked();
    });
    store.onGap(() => void this.synchronise());
  }

  /** Resolves when what was revoked before is known here. */
  get synchronised(): Promise<void> {
    return this.#synchronised.promise;
  }

  /** Learns what was revoked before, or while this node could not hear of it. Null: it did. */
  async synchronise(): Promise<Failure | null> {
    const loaded = await this.#store.load();
    if (loaded instanceof Failure) return loaded;
    for (const revocation of loaded) this.#revocations.apply(revocation);
    this.#endRevoked();
    this.#synchronised.resolve();
    return null;
  }

  /** All tokens of the user that were issued until now. */
  revokeUser(userId: string): Promise<Revoked | Failure> {
    return this.#revoke({ kind: "user", userId, atMs: this.#clock.now(), untilMs: this.#lastExpiry() });
  }

  /** One token, by its id. `expiresAtMs`: when it expires, where that is known. */
  revokeToken(tokenId: string, expiresAtMs?: number): Promise<Revoked | Failure> {
    const { clockSkewMs } = this.#options;
    const untilMs = Math.min(
      this.#lastExpiry(),
      expiresAtMs === undefined ? Infinity : expiresAtMs + clockSkewMs,
    );
    return this.#revoke({ kind: "token", tokenId, untilMs });
  }

  /** A Failure: there are too many, or the other nodes were not told; then it is in force on this one alone. */
  async #revoke(revocation: Revocation): Promise<Revoked | Failure> {
    const refused = this.#revocations.apply(revocation);
    if (refused !== null) return refused;
    const ended = this.#endRevoked();
    const unsaved = await this.#store.save(revocation);
    return unsaved ?? { revocation, ended };
  }

  /** When the last token that there is now is over. */
  #lastExpiry(): number {
    const { lifetimeMaxMs, clockSkewMs } = this.#options;
    return this.#clock.now() + lifetimeMaxMs + clockSkewMs;
  }
}
