import type { RedisLink } from "./redis-link.ts";

/** Keys that Redis looks at in one step; steps that are made at most. */
const stepCount = 1000;
const stepsMax = 1000;

/** Keys of one Redis process that match the pattern, at most `limit`. */
export async function scanLink(link: RedisLink, pattern: string, limit: number): Promise<string[]> {
  const found = new Set<string>();
  let cursor = "0";
  for (let step = 0; step < stepsMax && found.size < limit; step++) {
    const args = ["SCAN", cursor, "MATCH", pattern, "COUNT", String(stepCount)];
    const [next, keys] = (await link.command(args)) as [string, string[]];
    for (const key of keys) found.add(key);
    cursor = String(next);
    if (cursor === "0") break;
  }
  return [...found].slice(0, limit);
}
