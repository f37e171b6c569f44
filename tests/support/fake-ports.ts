import type { Clock, Random, Scheduler, Timer } from "../../src/core/ports.ts";

/** A wall clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  nowMs: number;

  constructor(nowMs = 1_700_000_000_000) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }
}

interface FakeTimer extends Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * Timers and turns of the event loop in a test's hands. A turn runs as the real one does: first what was
 * asked for the end of this turn, then the sockets are written to, then what was asked for the next turn.
 */
export class FakeScheduler implements Scheduler {
  readonly #clock: FakeClock;
  readonly #timers = new Set<FakeTimer>();
  #ending: (() => void)[] = [];
  #next: (() => void)[] = [];
  /** Called where the runtime would write to the sockets. */
  onFlush: () => void = () => {};

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Something waits for this turn's end or for the next turn. */
  get isBusy(): boolean {
    return this.#ending.length > 0 || this.#next.length > 0;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: FakeTimer = {
      dueMs: this.#clock.nowMs + delayMs,
      run,
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
    this.#timers.add(timer);
    return timer;
  }

  endOfTick(run: () => void): void {
    this.#ending.push(run);
  }

  nextTick(run: () => void): void {
    this.#next.push(run);
  }

  /** Ends this turn of the event loop and begins the next. */
  turn(): void {
    const next = this.#next;
    this.#next = [];
    this.#runEnding();
    this.onFlush();
    for (const run of next) run();
  }

  /** Turns until nothing waits; fails when that never happens. */
  settle(turnsMax = 10_000): void {
    for (let count = 0; this.isBusy; count++) {
      if (count >= turnsMax) throw new Error(`still busy after ${turnsMax} turns`);
      this.turn();
    }
    this.turn();
  }

  /** Moves the clock, running what falls due on the way in its order, a turn for each. */
  advance(ms: number): void {
    const untilMs = this.#clock.nowMs + ms;
    for (let timer = this.#earliest(untilMs); timer !== undefined; timer = this.#earliest(untilMs)) {
      this.#timers.delete(timer);
      this.#clock.nowMs = Math.max(this.#clock.nowMs, timer.dueMs);
      timer.run();
      this.turn();
    }
    this.#clock.nowMs = untilMs;
  }

  #earliest(untilMs: number): FakeTimer | undefined {
    let earliest: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (earliest === undefined || timer.dueMs < earliest.dueMs))
        earliest = timer;
    }
    return earliest;
  }

  #runEnding(): void {
    while (this.#ending.length > 0) {
      const ending = this.#ending;
      this.#ending = [];
      for (const run of ending) run();
    }
  }
}

/** Random text that is another each time and the same in each run. */
export class FakeRandom implements Random {
  #count = 0;

  token(length: number): string {
    this.#count++;
    return this.#count.toString(36).padStart(length, "r").slice(-length);
  }
}

export interface FakePorts {
  readonly clock: FakeClock;
  readonly scheduler: FakeScheduler;
  readonly random: FakeRandom;
}

export function createFakePorts(): FakePorts {
  const clock = new FakeClock();
  return { clock, scheduler: new FakeScheduler(clock), random: new FakeRandom() };
}
