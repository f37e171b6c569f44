import type { Access } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import type { Cursor } from "../core/cursor.ts";
import { Failure } from "../core/failure.ts";
import { userTopic } from "../core/topic-name.ts";
import {
  connectionUser,
  distinctTopics,
  type RefusedTopic,
  readCursor,
  readUserId,
  sortTopics,
} from "../session/handshake.ts";

/** What a client asks of `GET /events`, before it is known who asks. */
interface AskedStream {
  readonly userId: string | null;
  /** Those it names. */
  readonly topics: readonly string[];
  readonly since: Cursor | null;
}

/** What it gets. */
export interface EventStreamRequest extends AskedStream {
  readonly reader: Identity;
  /** Those it named and may not read. */
  readonly refused: readonly RefusedTopic[];
}

const noTopics = new Failure("invalid", "topic: at least one is needed, as ?topic=news&topic=weather");

/** A cursor that holds nothing: every topic is told that it was not recovered. */
const lostCursor: Cursor = { positionOf: () => undefined };

/** Reads the query and the `Last-Event-ID` header. A Failure says which parameter is wrong, and how. */
export function readEventStreamRequest(
  query: URLSearchParams,
  lastEventId: string | null,
  topicsMax: number,
): AskedStream | Failure {
  const userId = readUserId(query);
  if (userId instanceof Failure) return userId;
  const named = [...query.getAll("topic"), ...query.getAll("topics").flatMap((list) => list.split(","))];
  const distinct = distinctTopics(
    named.filter((topic) => topic !== ""),
    topicsMax,
  );
  if (distinct instanceof Failure) return distinct;
  const since = readSince(query, lastEventId);
  return since instanceof Failure ? since : { userId, topics: distinct, since };
}

/**
 * What somebody gets of what was asked: the topics that they may read, and their own one where it has room. A Failure
 * if they may read none of those that they named.
 */
export function streamFor(
  asked: AskedStream,
  reader: Identity,
  { access, topicsMax }: { readonly access: Access; readonly topicsMax: number },
): EventStreamRequest | Failure {
  const userId = connectionUser(asked.userId, reader);
  if (userId instanceof Failure) return userId;
  const own = userId === null ? [] : [userTopic(userId)];
  const { allowed, refused } = sortTopics(asked.topics, reader, access);
  if (allowed.length === 0 && refused[0] !== undefined) return refused[0].failure;
  const all = new Set([...allowed, ...sortTopics(own, reader, access).allowed]);
  const topics =
    all.size > topicsMax && asked.userId === null ? allowed : distinctTopics([...all], topicsMax);
  if (topics instanceof Failure) return topics;
  if (topics.length === 0) return noTopics;
  return { userId, topics, since: asked.since, reader, refused };
}

function readSince(query: URLSearchParams, lastEventId: string | null): Cursor | null | Failure {
  if (lastEventId !== null && lastEventId !== "") {
    // Browsers send it by themselves and give up for good on an error: what is unreadable is a break instead.
    const cursor = readCursor(lastEventId);
    return cursor instanceof Failure ? lostCursor : cursor;
  }
  return readCursor(query.get("last_event_id") || query.get("since"));
}
