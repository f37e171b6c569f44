/**
 * Time and randomness as ports: the pure layers take them as arguments, so that tests can replay any moment.
 */

/** Wall clock, in Unix milliseconds. */
export interface Clock {
  now(): number;
}

export interface Timer {
  cancel(): void;
}

export interface Scheduler {
  /** Runs once, `delayMs` from now. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs once when the events of this turn of the event loop have been handled. */
  endOfTick(run: () => void): void;
  /** Runs once in a later turn of the event loop, after the sockets have been written to. */
  nextTick(run: () => void): void;
}

export interface Random {
  /** `length` characters of `[A-Za-z0-9_-]`, unguessable. */
  token(length: number): string;
}
