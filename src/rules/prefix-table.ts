/** Values by the beginning of names; the longest one that a name begins with counts. */
export class PrefixTable<Value> {
  readonly #byPrefix = new Map<string, Value>();
  /** Lengths that the prefixes have, longest first: a name is cut to these alone. */
  #lengths: number[] = [];

  get size(): number {
    return this.#byPrefix.size;
  }

  set(prefix: string, value: Value): void {
    this.#byPrefix.set(prefix, value);
    if (!this.#lengths.includes(prefix.length)) {
      this.#lengths = [...this.#lengths, prefix.length].sort((one, other) => other - one);
    }
  }

  longest(name: string): Value | undefined {
    for (const length of this.#lengths) {
      if (length > name.length) continue;
      const value = this.#byPrefix.get(name.slice(0, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
