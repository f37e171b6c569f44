import type { KeptPublication } from "../broker/port.ts";

/** Topic of the notifications that a new connection is brought up to date with. */
export const notificationsTopic = "notifications";

/** How many notifications count as recent, and for how long. */
export interface RecentLimits {
  readonly count: number;
  readonly ttlMs: number;
}

/** The recent ones among those kept, oldest first. */
export function recentOf(
  kept: readonly KeptPublication[],
  limits: RecentLimits,
  now: number,
): readonly KeptPublication[] {
  if (limits.count === 0) return [];
  return kept.filter(({ publication }) => publication.ts > now - limits.ttlMs).slice(-limits.count);
}
