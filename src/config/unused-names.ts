const NO_MEMCACHED = "recent notifications are kept in Redis or in memory, not in Memcached";

/** Names that deployments of earlier servers set, with the reason why they have no effect. */
export const unusedNames: ReadonlyMap<string, string> = new Map([
  ["MEMCACHED_HOST", NO_MEMCACHED],
  ["MEMCACHED_PORT", NO_MEMCACHED],
]);

/** One warning for each reason, naming those of `names` that have it. The values may hold secrets and are left out. */
export function unusedNameWarnings(names: Iterable<string>): string[] {
  const byReason = new Map<string, string[]>();
  for (const name of names) {
    const reason = unusedNames.get(name);
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  return [...byReason].map(
    ([reason, found]) => `${found.join(", ")} ${found.length === 1 ? "has" : "have"} no effect: ${reason}.`,
  );
}
