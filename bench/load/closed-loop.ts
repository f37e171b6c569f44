/** Sends `count` publications in one write. */
export type Publish = (count: number) => void;

export interface LoopResult {
  readonly publications: number;
  /** Publications times subscribers. */
  readonly deliveries: number;
}

/**
 * Keeps a number of publications outstanding: each one that has reached ALL subscribers is followed by a new
 * one. What became possible in one turn of this process's event loop is sent in one write.
 */
export class ClosedLoop {
  readonly #subscribers: number;
  readonly #publish: Publish;
  /** How many publications each subscriber has received. */
  readonly #received: Int32Array;
  /** For each outstanding publication, how many subscribers have yet to receive it. A ring. */
  readonly #remaining: Int32Array;
  #published = 0;
  #done = 0;
  #due = 0;
  #running = false;
  #pacing = false;
  #finish: ((outcome: Error | null) => void) | null = null;

  constructor(subscribers: number, inFlightMax: number, publish: Publish) {
    this.#subscribers = subscribers;
    this.#publish = publish;
    this.#received = new Int32Array(subscribers);
    this.#remaining = new Int32Array(2 ** Math.ceil(Math.log2(inFlightMax)));
  }

  /** A subscriber got `count` publications more. */
  received(subscriber: number, count: number): void {
    const before = this.#received[subscriber]!;
    const after = before + count;
    if (after > this.#published) {
      this.fail(new Error(`subscriber ${subscriber} received ${after} publications of ${this.#published}`));
      return;
    }
    this.#received[subscriber] = after;
    const ringMask = this.#remaining.length - 1;
    const doneBefore = this.#done;
    // Every subscriber gets them in order, so that they are done in order, too.
    for (let index = before; index < after; index++) {
      if (--this.#remaining[index & ringMask]! === 0) this.#done++;
    }
    if (this.#done > doneBefore) this.#advance(this.#done - doneBefore);
  }

  /** Runs for `durationMs`, then until nothing is outstanding. Rejects when nothing moves for `stallMs`. */
  async run(inFlight: number, durationMs: number, stallMs = 10_000): Promise<LoopResult> {
    return await this.#measure(stallMs, () => {
      this.#running = true;
      this.#issue(inFlight);
      const deadline = setTimeout(() => {
        this.#running = false;
      }, durationMs);
      return () => clearTimeout(deadline);
    });
  }

  /** Publishes so many a second for `durationMs`, whatever becomes of them; else as `run`. */
  async pace(perSecond: number, durationMs: number, stallMs = 10_000): Promise<LoopResult> {
    return await this.#measure(stallMs, () => {
      const startedAt = performance.now();
      let issued = 0;
      this.#pacing = true;
      const timer = setInterval(() => {
        const elapsedMs = Math.min(performance.now() - startedAt, durationMs);
        const due = Math.floor((elapsedMs * perSecond) / 1000) - issued;
        issued += due;
        if (due > 0) this.#issue(due);
        if (elapsedMs < durationMs) return;
        clearInterval(timer);
        this.#pacing = false;
        this.#finishIfDone();
      }, 1);
      return () => {
        clearInterval(timer);
        this.#pacing = false;
      };
    });
  }

  /** `begin` issues publications, and gives what is to be called at the end. */
  async #measure(stallMs: number, begin: () => () => void): Promise<LoopResult> {
    const before = this.#published;
    const settled = Promise.withResolvers<void>();
    this.#finish = (error) => (error === null ? settled.resolve() : settled.reject(error));
    const end = begin();
    let progress = this.#done;
    const watchdog = setInterval(() => {
      const slowest = this.#received.indexOf(Math.min(...this.#received));
      const text = `nothing moves: ${this.#done} of ${this.#published} done, subscriber ${slowest} has ${this.#received[slowest]}`;
      if (this.#done === progress) this.fail(new Error(text));
      progress = this.#done;
    }, stallMs);
    try {
      await settled.promise;
    } finally {
      end();
      clearInterval(watchdog);
      this.#running = false;
      this.#finish = null;
    }
    const publications = this.#published - before;
    return { publications, deliveries: publications * this.#subscribers };
  }

  /** Ends the run with an error. */
  fail(error: Error): void {
    this.#finish?.(error);
  }

  #advance(done: number): void {
    if (this.#running) {
      if (this.#due === 0) setImmediate(() => this.#issueDue());
      this.#due += done;
    } else this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (!this.#pacing && this.#done === this.#published) this.#finish?.(null);
  }

  #issueDue(): void {
    const count = this.#due;
    this.#due = 0;
    // The deadline may have passed in between: then these are not sent any more.
    if (this.#running) this.#issue(count);
    else this.#finishIfDone();
  }

  #issue(count: number): void {
    const ringMask = this.#remaining.length - 1;
    for (let index = 0; index < count; index++) {
      this.#remaining[(this.#published + index) & ringMask] = this.#subscribers;
    }
    this.#published += count;
    this.#publish(count);
  }
}
