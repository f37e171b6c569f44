import { closeSync, openSync } from "node:fs";

/** File descriptors kept for what must always work: logs, Redis, answers to those connected. */
const reserve = 64;

/** How close this process is to its limit of open files. */
export class OpenFiles {
  readonly #limit: number;
  readonly #reserve: number;

  /** `limit` null: unknown; then only a refused open tells. */
  constructor(limit: number | null) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#reserve = Math.min(reserve, this.#limit / 8);
  }

  /** There are so few left that nobody more should come in. */
  get isExhausted(): boolean {
    return this.#lowestFree() >= this.#limit - this.#reserve;
  }

  /** There is room again, with some to spare: going in and out at the edge would help nobody. */
  get hasRecovered(): boolean {
    return this.#lowestFree() < this.#limit - 2 * this.#reserve;
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
