/**
 * Patterns of topics, compiled once and asked often: a topic's name, or the beginning of names and a `*`; `*` alone
 * is every topic. A match allocates nothing.
 */
export class TopicPatterns {
  readonly #names: ReadonlySet<string>;
  /** In order; none begins with another. */
  readonly #prefixes: readonly string[];

  constructor(patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
    const prefixes = patterns
      .filter((pattern) => pattern.endsWith("*"))
      .map((pattern) => pattern.slice(0, -1));
    this.#prefixes = withoutCovered(prefixes);
  }

  match(topic: string): boolean {
    return this.#names.has(topic) || this.#hasPrefixOf(topic);
  }

  /** The one that may fit is the last in order that is not behind the topic: what is between begins with it. */
  #hasPrefixOf(topic: string): boolean {
    const prefixes = this.#prefixes;
    let low = 0;
    let high = prefixes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (prefixes[middle]! <= topic) low = middle + 1;
      else high = middle;
    }
    return low > 0 && topic.startsWith(prefixes[low - 1]!);
  }
}

/** Of prefixes that begin with another one, the other one says it all. */
function withoutCovered(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...prefixes].sort()) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}
