import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Clock, Scheduler, Timer } from "../core/ports.ts";
import type { Algorithm } from "./algorithms.ts";
import { type KeyHint, type KeySource, matching, parseKeySet } from "./key-set.ts";
import { UnusableKey, type VerificationKey } from "./verification-key.ts";

interface RemoteKeySetOptions {
  readonly allowed: readonly Algorithm[];
  /** Keys are fetched anew this often, so that those the issuer took away do not count for ever. */
  readonly refreshMs: number;
  /** Between two fetches at least: tokens with made-up key ids must not make it ask the issuer each time. */
  readonly coolDownMs: number;
}

interface RemoteKeySetPorts {
  /** The key set's text, bounded in time and size; rejects with an Error that says why there is none. */
  readonly load: () => Promise<string>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

const notLoaded = new Failure(
  "unavailable",
  "The keys that tokens are checked with could not be fetched yet: try again later.",
);

/**
 * A JSON Web Key Set that the issuer serves, kept here. A token that names a key which is not among them has the set
 * fetched anew, once for all who wait. While it cannot be fetched the last keys go on counting.
 */
export class RemoteKeySet implements KeySource {
  readonly #options: RemoteKeySetOptions;
  readonly #ports: RemoteKeySetPorts;
  /** Null: none were fetched yet. */
  #keys: readonly VerificationKey[] | null = null;
  #fetching: Promise<void> | null = null;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: RemoteKeySetOptions, ports: RemoteKeySetPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Fetches the keys now, and from now on now and then. Resolves when that was tried; failing is only logged. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = null;
      this.#scheduleNext();
    });
    return this.#fetching;
  }

  find(hint: KeyHint): MaybePromise<readonly VerificationKey[] | Failure> {
    const known = this.#known(hint);
    if (!(known instanceof Failure) && known.length > 0) return known;
    const mayFetch = this.#ports.clock.now() - this.#fetchedAtMs >= this.#options.coolDownMs;
    if (this.#fetching === null && !mayFetch) return known;
    return this.refresh().then(() => this.#known(hint));
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #known(hint: KeyHint): readonly VerificationKey[] | Failure {
    return this.#keys === null ? notLoaded : matching(this.#keys, hint);
  }

  async #fetch(): Promise<void> {
    const { clock, load, log } = this.#ports;
    this.#fetchedAtMs = clock.now();
    let text: string;
    try {
      text = await load();
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
      return;
    }
    const parsed = parseKeySet(text, this.#options.allowed);
    if (parsed instanceof UnusableKey) {
      this.#failed(parsed.reason);
      return;
    }
    const isNew = this.#keys === null || idsOf(this.#keys) !== idsOf(parsed.keys);
    this.#keys = parsed.keys;
    if (isNew) log.info({ keys: parsed.keys.length, passed_over: parsed.passedOver }, "token keys fetched");
  }

  #failed(reason: string): void {
    const consequence =
      this.#keys === null
        ? "no token is accepted until it can: check JWT_JWKS and the way to it"
        : "the last ones go on counting";
    this.#ports.log.error({ reason }, `the token keys cannot be fetched: ${consequence}`);
  }

  #scheduleNext(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    const { refreshMs, coolDownMs } = this.#options;
    const delayMs = this.#keys === null ? coolDownMs : refreshMs;
    this.#timer = this.#ports.scheduler.after(delayMs, () => void this.refresh());
  }
}

function idsOf(keys: readonly VerificationKey[]): string {
  return JSON.stringify(keys.map(({ id }) => id));
}
