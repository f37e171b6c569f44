const intervalMs = 100;
const windowMs = 60_000;

/** Seconds by which timers of the last minute came late; 0 before the first one. */
export interface LagSummary {
  mean: number;
  p99: number;
  max: number;
}

/**
 * Measures how late a timer fires that should fire ten times a second: the time for which a message that
 * arrives would have had to wait.
 */
export class EventLoopLag {
  readonly #lagsMs = new Float64Array(windowMs / intervalMs);
  #recorded = 0;
  #timer: Timer | null = null;

  start(): void {
    let lastMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.record(nowMs - lastMs);
      lastMs = nowMs;
    }, intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /**
   * Takes the time between two firings. The firings that a long block has swallowed are recorded too, each as
   * late as it would have been: otherwise a second's standstill would be one sample among hundreds.
   */
  record(elapsedMs: number): void {
    let lagMs = Math.max(0, elapsedMs - intervalMs);
    for (let samples = 0; samples < this.#lagsMs.length; samples++) {
      this.#lagsMs[this.#recorded++ % this.#lagsMs.length] = lagMs;
      lagMs -= intervalMs;
      if (lagMs <= 0) return;
    }
  }

  summary(): LagSummary {
    const lags = this.#lagsMs.slice(0, Math.min(this.#recorded, this.#lagsMs.length)).sort();
    if (lags.length === 0) return { mean: 0, p99: 0, max: 0 };
    const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
    const p99 = lags[Math.ceil(lags.length * 0.99) - 1]!;
    return { mean: mean / 1000, p99: p99 / 1000, max: lags.at(-1)! / 1000 };
  }
}
