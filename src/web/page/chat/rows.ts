import { dayLabel, dayOf } from "../time.ts";
import type { Entry } from "./timeline.ts";

/** What the chat draws, top to bottom. */
export type Row =
  | { readonly kind: "day"; readonly id: string; readonly label: string }
  | { readonly kind: "unread"; readonly id: string }
  | {
      readonly kind: "entry";
      readonly id: string;
      readonly entry: Entry;
      /** First and last of a run of messages of one sender. */
      readonly first: boolean;
      readonly last: boolean;
      /** How many alike notifications in a row this one stands for. */
      readonly repeats: number;
    };

const groupGapMs = 5 * 60_000;

/**
 * Lays entries out: a separator at each new day, a line before the first unread one, runs of one sender's
 * messages marked, and notifications that repeat themselves folded into the newest.
 */
export function layOut(entries: readonly Entry[], unreadFrom: string | null, now: number): Row[] {
  const rows: Row[] = [];
  const separators = new Map<string, number>();
  let repeats = 1;
  for (const [index, entry] of entries.entries()) {
    const previous = entries[index - 1];
    const next = entries[index + 1];
    if (previous === undefined || dayOf(previous.ts) !== dayOf(entry.ts)) {
      const day = dayOf(entry.ts);
      const count = (separators.get(day) ?? 0) + 1;
      separators.set(day, count);
      rows.push({ kind: "day", id: `day ${day} ${count}`, label: dayLabel(entry.ts, now) });
    }
    if (entry.id === unreadFrom) rows.push({ kind: "unread", id: "unread" });
    if (next !== undefined && next.id !== unreadFrom && repeatsItself(entry, next)) {
      repeats += 1;
      continue;
    }
    rows.push({
      kind: "entry",
      id: entry.id,
      entry,
      first: !(previous !== undefined && entry.id !== unreadFrom && sameGroup(previous, entry)),
      last: !(next !== undefined && next.id !== unreadFrom && sameGroup(entry, next)),
      repeats,
    });
    repeats = 1;
  }
  return rows;
}

function sameGroup(before: Entry, after: Entry): boolean {
  return (
    before.kind === "message" &&
    after.kind === "message" &&
    before.own === after.own &&
    (before.own || before.sender === after.sender) &&
    Math.abs(after.ts - before.ts) < groupGapMs &&
    dayOf(before.ts) === dayOf(after.ts)
  );
}

function repeatsItself(before: Entry, after: Entry): boolean {
  return (
    before.kind === "notification" &&
    after.kind === "notification" &&
    before.text === after.text &&
    before.data === undefined &&
    after.data === undefined &&
    dayOf(before.ts) === dayOf(after.ts)
  );
}
