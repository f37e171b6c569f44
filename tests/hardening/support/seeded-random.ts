/** Randomness that a printed seed repeats. Fast: millions of calls a second. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  /** @param seed from `FUZZ_SEED` where it is set, so that a failure can be looked at again */
  constructor(seed: number = Number(process.env.FUZZ_SEED ?? Date.now() % 0xffff_ffff)) {
    this.seed = seed;
    this.#state = seed >>> 0 || 1;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    // xorshift32: good enough to be hostile with.
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % limit;
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = this.below(256);
    return bytes;
  }
}
