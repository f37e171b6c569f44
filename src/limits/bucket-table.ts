import type { Rate } from "./rate.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Buckets are kept this long at least; most are full again much earlier. */
const keptMsMin = 60_000;

/**
 * A token bucket for each key, of which somebody else decides how many there are: addresses, users, topics.
 * Buckets live in two generations, and those that were not used for a whole one are forgotten, at the latest
 * when there are too many; so memory is bounded, and whoever is forgotten early is merely given a new burst.
 */
export class BucketTable {
  readonly #rate: Rate;
  readonly #generationMax: number;
  readonly #generationMs: number;
  #current = new Map<string, TokenBucket>();
  #previous = new Map<string, TokenBucket>();
  #begunAtMs = Number.NEGATIVE_INFINITY;

  constructor(rate: Rate, keysMax: number) {
    this.#rate = rate;
    this.#generationMax = Math.max(1, Math.floor(keysMax / 2));
    this.#generationMs = Math.max(keptMsMin, (rate.burst / rate.perSecond) * 1000);
  }

  /** Keys that are held now. */
  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** The key's bucket, for this moment: hold on to the key instead of it. */
  of(key: string, nowMs: number): TokenBucket {
    return this.#current.get(key) ?? this.#renew(key, nowMs);
  }

  take(key: string, amount: number, nowMs: number): boolean {
    return this.of(key, nowMs).take(amount, nowMs);
  }

  #renew(key: string, nowMs: number): TokenBucket {
    if (this.#current.size >= this.#generationMax || nowMs - this.#begunAtMs >= this.#generationMs) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#begunAtMs = nowMs;
    }
    const bucket = this.#previous.get(key) ?? new TokenBucket(this.#rate, nowMs);
    this.#previous.delete(key);
    this.#current.set(key, bucket);
    return bucket;
  }
}
