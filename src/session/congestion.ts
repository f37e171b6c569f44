/**
 * What waits until a client has been welcomed, or has taken what it was sent; in order. What a waiting run adds
 * itself comes before the others: it is a part of it.
 */
export class Congestion {
  readonly #waiting: (() => void)[] = [];
  #added: (() => void)[] = [];
  #isRunning = false;

  get isOver(): boolean {
    return !this.#isRunning && this.#waiting.length === 0;
  }

  add(run: () => void): void {
    if (this.#isRunning) this.#added.push(run);
    else this.#waiting.push(run);
  }

  /** Runs what waits as long as it may; called in the midst of itself it does nothing. */
  run(mayGoOn: () => boolean): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#waiting.length > 0 && mayGoOn()) {
      this.#waiting.shift()!();
      if (this.#added.length > 0) this.#waiting.unshift(...this.#added.splice(0));
    }
    this.#isRunning = false;
  }
}
