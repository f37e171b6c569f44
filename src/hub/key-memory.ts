/** What a remembered key costs beyond its text. */
const keyOverheadBytes = 96;

interface Remembered {
  readonly offset: number;
  readonly at: number;
}

/**
 * The idempotency keys of one topic's recent publications. Bounded in number and age; insertion order is age
 * order, so that forgetting only ever looks at the oldest.
 */
export class KeyMemory {
  readonly #keys = new Map<string, Remembered>();
  readonly #ageMs: number;
  readonly #countMax: number;
  #bytes = 0;

  constructor(ageMs: number, countMax: number) {
    this.#ageMs = ageMs;
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#keys.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The offset that the key's first publication got; undefined when it is new or too old. */
  offsetOf(key: string, now: number): number | undefined {
    const remembered = this.#keys.get(key);
    return remembered === undefined || remembered.at + this.#ageMs <= now ? undefined : remembered.offset;
  }

  remember(key: string, offset: number, now: number): void {
    this.#forgetOne(key);
    this.#keys.set(key, { offset, at: now });
    this.#bytes += key.length + keyOverheadBytes;
    this.trim(now);
  }

  trim(now: number): void {
    for (const [key, remembered] of this.#keys) {
      if (this.#keys.size <= this.#countMax && remembered.at + this.#ageMs > now) return;
      this.#forgetOne(key);
    }
  }

  #forgetOne(key: string): void {
    if (this.#keys.delete(key)) this.#bytes -= key.length + keyOverheadBytes;
  }
}
