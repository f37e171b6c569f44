import type { Clock } from "../../../../src/client/clock.ts";

/** A clock that stands still until `advance`. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #nextHandle = 1;
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const handle = this.#nextHandle;
    this.#nextHandle += 1;
    this.#timers.set(handle, { atMs: this.#nowMs + delayMs, callback });
    return handle;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Runs what is due, in its order, timers set meanwhile included. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      const [handle, timer] = next;
      this.#timers.delete(handle);
      this.#nowMs = timer.atMs;
      timer.callback();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): [number, { atMs: number; callback: () => void }] | null {
    const due = [...this.#timers].filter(([, timer]) => timer.atMs <= untilMs);
    due.sort(([, a], [, b]) => a.atMs - b.atMs);
    return due[0] ?? null;
  }
}
