/**
 * Patterns of topics, compiled once and asked often: a topic's name, or the beginning of names and a `*`; `*` alone
 * is every topic. A match allocates nothing.
 */
export class TopicPatterns {
  readonly #names: ReadonlySet<string>;
  readonly #prefixes: readonly string[];

  constructor(patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
    const prefixes = patterns
      .filter((pattern) => pattern.endsWith("*"))
      .map((pattern) => pattern.slice(0, -1));
    this.#prefixes = withoutCovered(prefixes);
  }

  match(topic: string): boolean {
    if (this.#names.has(topic)) return true;
    for (const prefix of this.#prefixes) {
      if (topic.startsWith(prefix)) return true;
    }
    return false;
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
