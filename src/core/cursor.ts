import { createHash } from "node:crypto";
import { bounds } from "./bounds.ts";
import { Failure } from "./failure.ts";
import { isEpoch, type Position, parseOffset, parsePosition } from "./position.ts";
import { isTopicName } from "./topic-name.ts";

/**
 * Positions in several topics. Two written forms are accepted:
 * - opaque, as SSE `id:` carries it: `c1.<hash>~<epoch>~<offset>.…`. Topics appear as hashes so that 32 topics
 *   with the longest names still fit a header; offsets are in base 36. All characters are URL-safe.
 * - a list, for clients that know positions: `<topic>:<epoch>:<offset>,…`.
 */
export interface Cursor {
  positionOf(topic: string): Position | undefined;
}

const opaquePrefix = "c1.";
const unreadable = new Failure(
  "invalid",
  "since: not a cursor of this server (take it from an SSE id, or write topic:epoch:offset,…)",
);

/** Eight URL-safe characters that stand for a topic in a cursor; stable across nodes and versions. */
export function topicHash(topic: string): string {
  return createHash("sha256").update(topic).digest("base64url").slice(0, 8);
}

/** One topic's part of an opaque cursor; `hash` is `topicHash(topic)`, kept by the caller. */
export function cursorSegment(hash: string, epoch: string, offset: number): string {
  return `${hash}~${epoch}~${offset.toString(36)}`;
}

/** An opaque cursor out of its segments. */
export function joinCursor(segments: readonly string[]): string {
  return opaquePrefix + segments.join(".");
}

/** Reads either form; a Failure `invalid` when it is neither or longer than the bound. */
export function parseCursor(text: string): Cursor | Failure {
  if (text.length > bounds.cursorBytes) return unreadable;
  return text.startsWith(opaquePrefix) && !text.includes(":") ? parseOpaque(text) : parseList(text);
}

function parseOpaque(text: string): Cursor | Failure {
  const positions = new Map<string, Position>();
  for (const segment of text.slice(opaquePrefix.length).split(".")) {
    const match = /^([A-Za-z0-9_-]{8})~([A-Za-z0-9_-]{1,32})~([0-9a-z]{1,11})$/.exec(segment);
    if (match === null) return unreadable;
    const offset = Number.parseInt(match[3]!, 36);
    if (!Number.isSafeInteger(offset) || !isEpoch(match[2]!)) return unreadable;
    positions.set(match[1]!, { epoch: match[2]!, offset });
  }
  return { positionOf: (topic) => positions.get(topicHash(topic)) };
}

function parseList(text: string): Cursor | Failure {
  const positions = new Map<string, Position>();
  for (const entry of text.split(",")) {
    // Topic names may hold colons, epochs and offsets may not: the last two fields are the position.
    const beforeOffset = entry.lastIndexOf(":");
    const beforeEpoch = entry.lastIndexOf(":", beforeOffset - 1);
    if (beforeEpoch < 1 || parseOffset(entry.slice(beforeOffset + 1)) === null) return unreadable;
    const topic = entry.slice(0, beforeEpoch);
    const position = parsePosition(entry.slice(beforeEpoch + 1));
    if (position === null || !isTopicName(topic)) return unreadable;
    positions.set(topic, position);
  }
  return { positionOf: (topic) => positions.get(topic) };
}
