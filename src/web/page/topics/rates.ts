/** One reading of counters that only grow, by name. */
export interface Reading {
  /** Milliseconds on any clock that never goes back. */
  readonly atMs: number;
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Turns readings of growing counters into rates a second, and keeps the last `capacity` of each. A counter that
 * is new, or fell because its server started again, has no rate until the next reading: null.
 */
export class RateHistory {
  readonly #capacity: number;
  #previous: Reading | null = null;
  readonly #series = new Map<string, (number | null)[]>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(reading: Reading): void {
    const previous = this.#previous;
    this.#previous = reading;
    for (const name of this.#series.keys()) {
      if (!(name in reading.counters)) this.#series.delete(name);
    }
    for (const [name, value] of Object.entries(reading.counters)) {
      const series = this.#series.get(name) ?? [];
      series.push(rate(previous?.counters[name], value, reading.atMs - (previous?.atMs ?? reading.atMs)));
      if (series.length > this.#capacity) series.shift();
      this.#series.set(name, series);
    }
  }

  /** Oldest first. */
  series(name: string): readonly (number | null)[] {
    return this.#series.get(name) ?? [];
  }

  latest(name: string): number | null {
    return this.series(name).at(-1) ?? null;
  }

  /** The next reading is not to be compared with the last one: time passed in which nobody looked. */
  pause(): void {
    this.#previous = null;
  }
}

function rate(before: number | undefined, after: number, elapsedMs: number): number | null {
  if (before === undefined || after < before || elapsedMs <= 0) return null;
  return ((after - before) * 1000) / elapsedMs;
}
