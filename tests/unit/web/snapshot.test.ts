import { expect, test } from "bun:test";
import { readStatus, readTopics, topicsPath } from "../../../src/web/page/topics/snapshot.ts";

test("topics are read with their readers as a number or by transport", () => {
  const topics = [
    { topic: "a", epoch: "e", offset: 3, subscribers: 2 },
    { topic: "b", epoch: "e", offset: 0, subscribers: { websocket: 1, sse: 4 } },
    { topic: "c" },
    { epoch: "no topic" },
    null,
  ];
  expect(readTopics({ topics })).toEqual([
    { topic: "a", epoch: "e", offset: 3, subscribers: 2 },
    { topic: "b", epoch: "e", offset: 0, subscribers: 5 },
    { topic: "c", epoch: "", offset: 0, subscribers: 0 },
  ]);
  for (const body of [null, "x", {}, { topics: 1 }]) expect(readTopics(body)).toEqual([]);
});

test("a status is read as far as it goes", () => {
  expect(
    readStatus({
      active_connections: 4,
      topics: 9,
      publications: { received: { websocket: 1, rest: 2, server: 3 }, unstored: 50 },
      deliveries: { websocket: 10, sse: 1 },
    }),
  ).toEqual({ connections: 4, topics: 9, publications: 6, deliveries: 11 });
  const unknown = { connections: null, topics: null, publications: null, deliveries: null };
  expect(readStatus({})).toEqual(unknown);
  expect(readStatus({ active_connections: "4", deliveries: {} })).toEqual(unknown);
});

test("where there are too many topics, the server is asked for those that begin with the filter", () => {
  expect(topicsPath("", 5)).toBe("/topics?limit=1000");
  expect(topicsPath("orders", 5)).toBe("/topics?limit=1000");
  expect(topicsPath(" a:b=c ", 5000)).toBe("/topics?limit=1000&prefix=a%3Ab%3Dc");
  expect(topicsPath("not a name", 5000)).toBe("/topics?limit=1000");
});
