import { expect, test } from "bun:test";
import { eventStreamUrl } from "../../../src/client/event-stream-request.ts";
import { resolveOptions } from "../../../src/client/options.ts";

test("a stream is resumed by as many positions as a cursor may hold", () => {
  const topics = Array.from({ length: 32 }, (_, index) => ({
    topic: `${"t".repeat(200)}:${index}`,
    since: { epoch: "e", offset: index },
  }));
  const url = new URL(eventStreamUrl(resolveOptions({ url: "ws://host" }), topics));
  const since = url.searchParams.get("since") ?? "";
  expect(url.searchParams.getAll("topic")).toHaveLength(32);
  expect(since.length).toBeLessThanOrEqual(4096);
  expect(since.split(",").length).toBeGreaterThan(15);
  expect(since).toStartWith(`${"t".repeat(200)}:0:e:0,`);
});

test("what has no position is not in the cursor, and no cursor is no parameter", () => {
  const settings = resolveOptions({ url: "ws://host/base/ws", userId: "alice" });
  const fresh = { topic: "b", since: null };
  const url = eventStreamUrl(settings, [{ topic: "a", since: { epoch: "e", offset: 3 } }, fresh]);
  expect(url).toBe("http://host/base/events?topic=a&topic=b&user_id=alice&since=a%3Ae%3A3");
  expect(eventStreamUrl(settings, [fresh])).toBe("http://host/base/events?topic=b&user_id=alice");
});
