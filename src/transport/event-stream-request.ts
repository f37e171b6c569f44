import type { Cursor } from "../core/cursor.ts";
import { Failure } from "../core/failure.ts";
import { userTopic } from "../core/topic-name.ts";
import { distinctTopics, readCursor, readUserId } from "../session/handshake.ts";

/** What a client asks of `GET /events`. */
export interface EventStreamRequest {
  readonly userId: string | null;
  readonly topics: readonly string[];
  readonly since: Cursor | null;
}

const noTopics = new Failure("invalid", "topic: at least one is needed, as ?topic=news&topic=weather");

/** A cursor that holds nothing: every topic is told that it was not recovered. */
const lostCursor: Cursor = { positionOf: () => undefined };

/** Reads the query and the `Last-Event-ID` header. A Failure says which parameter is wrong, and how. */
export function readEventStreamRequest(
  query: URLSearchParams,
  lastEventId: string | null,
  topicsMax: number,
): EventStreamRequest | Failure {
  const userId = readUserId(query);
  if (userId instanceof Failure) return userId;
  const named = [...query.getAll("topic"), ...query.getAll("topics").flatMap((list) => list.split(","))];
  const topics = named.filter((topic) => topic !== "");
  if (userId !== null) topics.push(userTopic(userId));
  if (topics.length === 0) return noTopics;
  const distinct = distinctTopics(topics, topicsMax);
  if (distinct instanceof Failure) return distinct;
  const since = readSince(query, lastEventId);
  return since instanceof Failure ? since : { userId, topics: distinct, since };
}

function readSince(query: URLSearchParams, lastEventId: string | null): Cursor | null | Failure {
  if (lastEventId !== null && lastEventId !== "") {
    // Browsers send it by themselves and give up for good on an error: what is unreadable is a break instead.
    const cursor = readCursor(lastEventId);
    return cursor instanceof Failure ? lostCursor : cursor;
  }
  return readCursor(query.get("last_event_id") || query.get("since"));
}
