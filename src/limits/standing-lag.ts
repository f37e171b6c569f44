const windowMs = 2000;
const samplesMin = 4;

/**
 * The lag that does not go away: the least of a window of two seconds, and of four samples where they come
 * slowly. One long turn of the event loop leaves no trace in it; a loop that is behind all the time does.
 */
export class StandingLag {
  #begunAtMs: number | null = null;
  #samples = 0;
  #leastMs = Number.POSITIVE_INFINITY;

  /** Takes one sample; at the end of a window its least, else null. */
  observe(lagMs: number, nowMs: number): number | null {
    this.#begunAtMs ??= nowMs;
    this.#samples++;
    this.#leastMs = Math.min(this.#leastMs, lagMs);
    if (this.#samples < samplesMin || nowMs - this.#begunAtMs < windowMs) return null;
    const standingMs = this.#leastMs;
    this.#begunAtMs = nowMs;
    this.#samples = 0;
    this.#leastMs = Number.POSITIVE_INFINITY;
    return standingMs;
  }
}
