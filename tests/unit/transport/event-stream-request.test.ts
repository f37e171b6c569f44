import { describe, expect, test } from "bun:test";
import { accessByGrants } from "../../../src/auth/access.ts";
import { openIdentity } from "../../../src/auth/identity.ts";
import { Failure } from "../../../src/core/failure.ts";
import { readEventStreamRequest, streamFor } from "../../../src/transport/event-stream-request.ts";

function read(query: string, lastEventId: string | null = null) {
  const asked = readEventStreamRequest(new URLSearchParams(query), lastEventId, 4);
  if (asked instanceof Failure) return asked;
  return streamFor(asked, openIdentity, { access: accessByGrants, topicsMax: 4 });
}

function request(query: string, lastEventId: string | null = null) {
  const result = read(query, lastEventId);
  if (result instanceof Failure) throw new Error(result.message);
  return result;
}

describe("the query of an event stream", () => {
  test("topics, each once, and the user's own", () => {
    expect(request("topic=a&topic=b&topic=a").topics).toEqual(["a", "b"]);
    expect(request("topics=a,b").topics).toEqual(["a", "b"]);
    expect(request("topic=a&user_id=alice")).toMatchObject({ userId: "alice", topics: ["a", "user:alice"] });
    expect(request("user_id=alice").topics).toEqual(["user:alice"]);
  });

  test.each([
    ["no topic", "", "topic"],
    ["an empty topic", "topic=", "topic"],
    ["a bad topic", "topic=a%20b", "topics"],
    ["too many topics", "topics=a,b,c,d,e", "at most 4"],
    ["a bad user", "topic=a&user_id=a%20b", "user_id"],
    ["a bad cursor", "topic=a&since=nonsense", "since"],
    ["a bad event id in the query", "topic=a&last_event_id=nonsense", "since"],
  ])("%s is refused, and the parameter is named", (_, query, named) => {
    const failure = read(query);
    if (!(failure instanceof Failure)) throw new Error("it was taken");
    expect(failure.message).toContain(named);
  });

  test("where to resume from: the header, then last_event_id, then since", () => {
    const query = "topic=a&last_event_id=a:e:2&since=a:e:3";
    expect(request(query, "a:e:1").since?.positionOf("a")?.offset).toBe(1);
    expect(request(query).since?.positionOf("a")?.offset).toBe(2);
    expect(request("topic=a&since=a:e:3").since?.positionOf("a")?.offset).toBe(3);
    expect(request("topic=a&last_event_id=&since=a:e:3", "").since?.positionOf("a")?.offset).toBe(3);
    expect(request("topic=a").since).toBeNull();
  });

  test("a header that cannot be read is a break: browsers give up for good on an error", () => {
    const { since } = request("topic=a&since=a:e:3", "nonsense");
    expect(since).not.toBeNull();
    expect(since?.positionOf("a")).toBeUndefined();
  });
});
