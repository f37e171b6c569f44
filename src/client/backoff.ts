/** A random source in [0, 1), as Math.random. */
export type Random = () => number;

/**
 * A delay drawn evenly from [0, min(maxMs, minMs * 2^attempt)]: the whole range is random, so that clients cut
 * off together do not come back together.
 */
export function fullJitterMs(attempt: number, minMs: number, maxMs: number, random: Random): number {
  return random() * Math.min(maxMs, minMs * 2 ** attempt);
}

/** Delays that grow from one failure to the next. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #attempt = 0;

  constructor(minMs: number, maxMs: number, random: Random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** `extraSteps` draws from a range that is as many doublings wider. */
  nextMs(extraSteps = 0): number {
    const delayMs = fullJitterMs(this.#attempt + extraSteps, this.#minMs, this.#maxMs, this.#random);
    this.#attempt += 1;
    return delayMs;
  }

  reset(): void {
    this.#attempt = 0;
  }
}
