import type { KeptPublication } from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import type { Hub } from "../hub/hub.ts";

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

/** The notifications that are kept, as the broker answered some time ago. */
export interface Recent {
  readonly kept: readonly KeptPublication[];
  /** How far this node's readers had come when it was asked; null: nothing has happened since. */
  readonly askedAt: Position | null;
}

/** Asks the broker for the notifications that are kept; none where it cannot say. */
export function askForRecent(hub: Hub): MaybePromise<Recent> {
  const kept = hub.broker.kept(notificationsTopic);
  if (kept instanceof Promise) return answeredLater(kept, hub.positionOf(notificationsTopic));
  return { kept: listed(kept), askedAt: null };
}

async function answeredLater(
  kept: Promise<readonly KeptPublication[] | Failure>,
  askedAt: Position | null,
): Promise<Recent> {
  return { kept: listed(await kept), askedAt };
}

/** The recent ones up to the place where a client's live ones start, without a hole before it. */
export function recentBefore(
  start: Position,
  recent: Recent,
  hub: Hub,
  limits: RecentLimits,
  now: number,
): readonly Publication[] {
  const { epoch, offset } = start;
  // An offset of another epoch would say something false.
  const told = recent.kept.filter((kept) => kept.epoch === epoch && kept.publication.offset <= offset);
  const last = told.at(-1)?.publication.offset ?? 0;
  const since = recent.askedAt === null ? [] : hub.handedSince(notificationsTopic, recent.askedAt);
  for (const publication of since) if (publication.offset > last) told.push({ epoch, publication });
  return recentOf(told, limits, now).map(({ publication }) => publication);
}

function listed(kept: readonly KeptPublication[] | Failure): readonly KeptPublication[] {
  return kept instanceof Failure ? [] : kept;
}
