import type { Scheduler } from "../core/ports.ts";

/** Somebody who reads topics, and may have to leave some. */
export interface Reader {
  /** Leaves what it may not read any more. */
  reconsider(): void;
}

/** Readers in one turn of the event loop. */
const slice = 500;

/** Lets all readers leave what they may not read any more, some of them in each turn: nobody is held up by it. */
export function reconsiderAll(readers: readonly Reader[], scheduler: Scheduler): void {
  const left = [...readers];
  const next = () => {
    for (const reader of left.splice(0, slice)) reader.reconsider();
    if (left.length > 0) scheduler.nextTick(next);
  };
  next();
}
