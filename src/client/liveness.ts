import { type Clock, Timer } from "./clock.ts";

export interface LivenessOptions {
  readonly clock: Clock;
  /** How long an answer to `ask` may take. */
  readonly answerTimeoutMs: number;
  /** Makes the other side say something; null where that is not possible, and silence alone is death. */
  readonly ask: (() => void) | null;
  readonly dead: () => void;
}

/** Notices a connection that has gone silent: browsers show neither PING frames nor a peer that has vanished. */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #timer: Timer;
  #silenceMs = 0;
  #heardAtMs = 0;
  /** The other side has been asked, and its time to answer runs. */
  #isAsking = false;
  #hasAnswered = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, () => this.#check());
  }

  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.#heardAtMs = this.#options.clock.now();
    this.#isAsking = false;
    this.#timer.start(silenceMs);
  }

  stop(): void {
    this.#timer.stop();
  }

  /** Called for every frame: only takes the time, since restarting a timer for each would cost more. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.now();
    this.#hasAnswered = true;
  }

  get silentForMs(): number {
    return this.#options.clock.now() - this.#heardAtMs;
  }

  /** Finds out now instead of after the silence. */
  probe(): void {
    if (!this.#timer.running || this.#isAsking || this.#options.ask === null) return;
    this.#isAsking = true;
    this.#hasAnswered = false;
    this.#timer.start(this.#options.answerTimeoutMs);
    this.#options.ask();
  }

  #check(): void {
    if (this.#isAsking && !this.#hasAnswered) {
      this.#options.dead();
      return;
    }
    this.#isAsking = false;
    const leftMs = this.#silenceMs - this.silentForMs;
    if (leftMs <= 0 && this.#options.ask === null) {
      this.#options.dead();
      return;
    }
    this.#timer.start(Math.max(leftMs, 1));
    if (leftMs <= 0) this.probe();
  }
}
