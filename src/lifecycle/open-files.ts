import { closeSync, openSync } from "node:fs";

/** File descriptors kept for what must always work: logs, Redis, answers to those connected. */
const reserve = 64;

/** How close this process is to its limit of open files. */
export class OpenFiles {
  readonly #limit: number;
  readonly #reserve: number;
  readonly #count: () => number | null;

  /**
   * `limit` null: unknown; then only a refused open tells. `count` says how many are open, which may take
   * milliseconds; null where the system does not tell.
   */
  constructor(limit: number | null, count: () => number | null) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#count = count;
    this.#reserve = Math.min(reserve, this.#limit / 8);
  }

  /** There are so few left that nobody more should come in. */
  get isExhausted(): boolean {
    return this.#lowestFree() >= this.#limit - this.#reserve;
  }

  /** There is room again, with some to spare: going in and out at the edge would help nobody. */
  get hasRecovered(): boolean {
    // One low number may be free among thousands in use, the closed listener's own for one.
    return (this.#count() ?? this.#lowestFree()) < this.#limit - 2 * this.#reserve;
  }

  /** The system hands out the lowest free number: cheaper to ask than to count a hundred thousand. */
  #lowestFree(): number {
    try {
      const descriptor = openSync("/dev/null", "r");
      closeSync(descriptor);
      return descriptor;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
}
