import type { Rate } from "./rate.ts";

/** Holds one client, user or topic to a rate. Taking allocates nothing. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#burst = rate.burst;
    this.#perMs = rate.perSecond / 1000;
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether so much is within the rate. What is larger than a burst is when the bucket is full. */
  has(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= Math.min(amount, this.#burst);
  }

  /** Takes so much, if it is within the rate. */
  take(amount: number, nowMs: number): boolean {
    if (!this.has(amount, nowMs)) return false;
    // It may go below zero: what was larger than a burst is paid for by waiting longer.
    this.#tokens -= amount;
    return true;
  }

  /** Milliseconds after which so much would be within the rate. */
  waitMs(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    const missing = Math.min(amount, this.#burst) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs);
  }

  /** A clock that was set back fills nothing. */
  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    this.#filledAtMs = nowMs;
    if (elapsedMs > 0) this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#perMs);
  }
}
