import { Failure } from "../core/failure.ts";

export const binaryRefused = new Failure(
  "bad_request",
  "Binary frames are not understood: send text frames of JSON.",
);

export const tooFast = new Failure(
  "rate_limited",
  "More frames, or bytes, than you may send in so short a time: slow down.",
);

/** Bad frames within the window that end a connection. */
const limit = 50;
const windowMs = 10_000;

/** Remembers when a connection's last bad frames came. */
export class BadFrames {
  readonly #times: number[] = [];
  #next = 0;

  /** Counts one more; true when it is one too many. */
  add(now: number): boolean {
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % limit;
    // What is overwritten next is the first of the last `limit`.
    const first = this.#times[this.#next];
    return first !== undefined && now - first < windowMs;
  }
}
