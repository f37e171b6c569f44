import type { MaybePromise } from "../core/maybe-promise.ts";

/**
 * Questions to the broker whose answers may be large. Where they come later they are asked one after the other, and
 * each is answered when the client has taken what it was sent before: there is never more than one answer in memory
 * for a client that does not read.
 */
export class LateAnswers {
  readonly #whenTaken: (run: () => void) => void;
  /** Settles when the last question was answered; null: none is open. */
  #last: Promise<void> | null = null;

  constructor(whenTaken: (run: () => void) => void) {
    this.#whenTaken = whenTaken;
  }

  ask<Answer>(question: () => MaybePromise<Answer>, answer: (settled: Answer) => void): MaybePromise<void> {
    const askNow = () => this.#askNow(question, answer);
    const pending = this.#last === null ? askNow() : this.#last.then(askNow, askNow);
    if (!(pending instanceof Promise)) return;
    this.#last = pending;
    const done = () => {
      if (this.#last === pending) this.#last = null;
    };
    pending.then(done, done);
    return pending;
  }

  #askNow<Answer>(
    question: () => MaybePromise<Answer>,
    answer: (settled: Answer) => void,
  ): MaybePromise<void> {
    const found = question();
    if (!(found instanceof Promise)) return answer(found);
    return found.then(
      (settled) =>
        new Promise<void>((resolve) => {
          this.#whenTaken(() => {
            answer(settled);
            resolve();
          });
        }),
    );
  }
}
