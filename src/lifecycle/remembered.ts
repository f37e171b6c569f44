import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Clock } from "../core/ports.ts";

/** Makes an answer once for all who ask within so many milliseconds: those who ask often do not make it dear. */
export function remembered<Answer>(
  forMs: number,
  clock: Clock,
  make: () => MaybePromise<Answer>,
): () => MaybePromise<Answer> {
  let last: { readonly answer: MaybePromise<Answer>; readonly madeAtMs: number } | null = null;
  return () => {
    const now = clock.now();
    // A clock that was set back must not keep an answer alive.
    if (last === null || now < last.madeAtMs || now >= last.madeAtMs + forMs) {
      last = { answer: make(), madeAtMs: now };
    }
    return last.answer;
  };
}
