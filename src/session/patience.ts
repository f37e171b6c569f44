import type { Scheduler } from "../core/ports.ts";

/** How long what a client is to be sent first, and its commands, wait for topics that the broker makes wait. */
export const patienceMs = 1000;

/** Resolves when the promise has settled, or the patience is over: true if it was. */
export function withPatience(scheduler: Scheduler, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = scheduler.after(patienceMs, () => resolve(false));
    const settled = () => {
      timer.cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
