import { randomBytes } from "node:crypto";
import type { Clock, Random, Scheduler } from "../core/ports.ts";

/** The real clock, event loop and randomness. */
export const systemClock: Clock = { now: () => Date.now() };

export const systemScheduler: Scheduler = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  endOfTick(run) {
    setImmediate(run);
  },
  nextTick(run) {
    // The first immediate may still come before the sockets are written to; the second never does.
    setImmediate(() => setImmediate(run));
  },
};

export const systemRandom: Random = {
  token: (length) =>
    randomBytes(Math.ceil((length * 3) / 4))
      .toString("base64url")
      .slice(0, length),
};
