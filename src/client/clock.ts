/** Time, injectable so that tests need not wait. All times in ms. */
export interface Clock {
  /** From any origin, never going back. */
  now(): number;
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
}

/** Whatever the clock's `setTimeout` returns: a number in browsers, an object elsewhere. */
export type TimerHandle = unknown;

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** One timer that is started, restarted and stopped. */
export class Timer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #handle: TimerHandle = null;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  get running(): boolean {
    return this.#handle !== null;
  }

  start(delayMs: number): void {
    this.stop();
    this.#handle = this.#clock.setTimeout(() => {
      this.#handle = null;
      this.#callback();
    }, delayMs);
  }

  stop(): void {
    if (this.#handle === null) return;
    this.#clock.clearTimeout(this.#handle);
    this.#handle = null;
  }
}
