/**
 * A question that costs something, asked once for all who want its answer at the same time, and not too often. An
 * answer is never older than the call that gets it.
 */
export class SharedAnswer<Answer> {
  readonly #ask: () => Promise<Answer>;
  readonly #everyMs: number;
  /** The one that is yet to be asked. */
  #next: Promise<Answer> | null = null;
  /** The one that was asked last; it never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `everyMs` is between the beginnings of two questions, at least. */
  constructor(everyMs: number, ask: () => Promise<Answer>) {
    this.#everyMs = everyMs;
    this.#ask = ask;
  }

  get(): Promise<Answer> {
    this.#next ??= this.#askInTurn();
    return this.#next;
  }

  async #askInTurn(): Promise<Answer> {
    await this.#last;
    const waitMs = this.#lastAt + this.#everyMs - performance.now();
    if (waitMs > 0) await Bun.sleep(waitMs);
    this.#next = null;
    this.#lastAt = performance.now();
    const answer = this.#ask();
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}
