import type { Histogram } from "./histogram.ts";

const notSampled = -1;

/**
 * Times one in so many runs of a hot path, for the price of an addition in the others:
 * `const started = timer.begin(); …; timer.end(started);`.
 */
export class SampledTimer {
  readonly #histogram: Histogram;
  readonly #every: number;
  #runs = 0;

  /** @param histogram takes seconds */
  constructor(histogram: Histogram, every: number) {
    this.#histogram = histogram;
    this.#every = every;
  }

  begin(): number {
    return this.#runs++ % this.#every === 0 ? performance.now() : notSampled;
  }

  end(started: number): void {
    if (started !== notSampled) this.#histogram.observe((performance.now() - started) / 1000);
  }
}
