const IN_MEMORY = "this version keeps everything in the memory of its one process, without Redis";
const NO_MEMCACHED = "recent notifications are kept in memory, not in Memcached";

/**
 * Names that deployments of earlier servers set, or that a later version reads, with the reason why they have no
 * effect. `null` marks those that say nothing on their own, and so go without a warning.
 */
export const unusedNames: ReadonlyMap<string, string | null> = new Map([
  ["REDIS_URL", IN_MEMORY],
  ["REDIS_HOST", IN_MEMORY],
  ["REDIS_PORT", null],
  ["REDIS_DOWN", IN_MEMORY],
  ["REDIS_DURABLE", IN_MEMORY],
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
