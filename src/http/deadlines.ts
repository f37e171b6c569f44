/** One wait that has to end in time. */
interface Wait {
  readonly dueMs: number;
  readonly expire: () => void;
}

/**
 * Ends waits that take too long, all of them after the same time. One timer for all: to start and stop one for
 * each would cost more than most of them wait for.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  /** In the order in which they end. */
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | null = null;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** What is waited for; or, when it takes too long, rejected with what `late` makes. */
  within<Result>(pending: Promise<Result>, late: () => Error): Promise<Result> {
    return new Promise((resolve, reject) => {
      const wait = { dueMs: performance.now() + this.#timeoutMs, expire: () => reject(late()) };
      this.#waits.add(wait);
      this.#timer ??= this.#schedule(this.#timeoutMs);
      pending.then(
        (result) => {
          this.#waits.delete(wait);
          resolve(result);
        },
        (error) => {
          this.#waits.delete(wait);
          reject(error);
        },
      );
    });
  }

  #schedule(delayMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#expire(), delayMs);
    timer.unref();
    return timer;
  }

  #expire(): void {
    this.#timer = null;
    const nowMs = performance.now();
    for (const wait of this.#waits) {
      if (wait.dueMs > nowMs) {
        this.#timer = this.#schedule(wait.dueMs - nowMs);
        return;
      }
      this.#waits.delete(wait);
      wait.expire();
    }
  }
}
