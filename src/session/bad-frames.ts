/** Bad frames within the window after which a connection is ended. */
const limit = 50;
const windowMs = 10_000;

/** Counts a connection's bad frames in windows of ten seconds. */
export class BadFrames {
  #count = 0;
  #windowStart: number;

  constructor(now: number) {
    this.#windowStart = now;
  }

  /** Counts one more; true when it is one too many. */
  add(now: number): boolean {
    if (now - this.#windowStart >= windowMs) {
      this.#windowStart = now;
      this.#count = 0;
    }
    this.#count++;
    return this.#count >= limit;
  }
}
