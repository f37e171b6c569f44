import { type Clock, systemClock, type TimerHandle } from "../../../../src/client/clock.ts";

/** The system's clock, knowing how many timers are set. */
export class CountingClock implements Clock {
  readonly #pending = new Set<TimerHandle>();

  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return systemClock.now();
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const handle = systemClock.setTimeout(() => {
      this.#pending.delete(handle);
      callback();
    }, delayMs);
    this.#pending.add(handle);
    return handle;
  }

  clearTimeout(handle: TimerHandle): void {
    this.#pending.delete(handle);
    systemClock.clearTimeout(handle);
  }
}
