const firstMs = 100;
const maximumMs = 10_000;
/** One that stayed up for so long has not failed to start. */
const stableMs = 10_000;

/** How long to wait before a worker that died is started again: twice as long each time, until one stays up. */
export class Backoff {
  #nextMs = firstMs;

  /** `upMs` is how long it was up. */
  next(upMs: number): number {
    if (upMs >= stableMs) this.#nextMs = firstMs;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(maximumMs, 2 * delayMs);
    return delayMs;
  }
}
