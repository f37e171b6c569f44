import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

setDefaultTimeout(30_000);

/** Names that would reach other keys, channels or patterns of Redis, were they not kept apart. */
const names = [
  ...["t", "t:s", "t:k", "t:ka", "t:r", "t:p", "t:s:s", ":s", "s", "{t}".replaceAll(/[{}]/g, "")],
  ...[
    "fanfare",
    "fanfare:",
    "fanfare:t",
    "fanfare:nodes",
    "nodes",
    "canary",
    "revocations",
    "turns",
    "directory",
  ],
  ...[
    "__keyspace@0__:t",
    "__keyevent@0__:del",
    "__redis__:invalidate",
    "user:t",
    "user:nodes",
    "NULL",
    "nil",
    "0",
    "-1",
  ],
  ...[
    "1-0",
    "0-0",
    "=",
    "~",
    "|",
    "a=b",
    "-",
    "--",
    "..",
    "SCRIPT",
    "FLUSHALL",
    "XADD",
    "EVALSHA",
    "__proto__",
    "x".repeat(255),
  ],
];
const topics = [...new Set(names)];

/** What no topic may be called, although Redis might: patterns, hash tags, other commands, other lines. */
const refused = [
  "*",
  "t*",
  "t?",
  "[t]",
  "{t}",
  "t}:s",
  "a b",
  "a\r\nFLUSHALL\r\n",
  "a\u0000b",
  "$1",
  "t/../u",
  "//nodes",
  "é",
  "",
];

let redis: RedisServer;
let servers: SpawnedServer[];

beforeAll(async () => {
  redis = await startRedis();
  servers = await Promise.all(
    [1, 2].map(() => spawnServer({ env: { REDIS_URL: redis.url, TOPICS_PER_CONNECTION_MAX: "5000" } })),
  );
});
afterAll(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()));
  await redis?.stop();
});

async function json(path: string, init?: RequestInit) {
  const answer = await fetch(servers[0]!.url + path, init);
  return { status: answer.status, body: (await answer.json()) as Record<string, never> };
}

describe("Redis key tricks by topic names", () => {
  test("every topic is its own, whatever it is called: order, history, presence and deletion", async () => {
    const reader = await WebSocketClient.welcomed(servers[1]!.url, "topics=&user_id=reader");
    const publisher = await WebSocketClient.welcomed(servers[0]!.url, "topics=");
    try {
      for (const topic of topics) {
        expect(await reader.request({ type: "subscribe", topic })).toMatchObject({
          type: "subscribed",
          topic,
          offset: 0,
        });
      }
      // The same key in each, and another text: a repeat of one must not be a repeat in another.
      for (const round of [1, 2]) {
        for (const topic of topics) {
          const ack = await publisher.request({
            type: "publish",
            topic,
            key: `key-${round}`,
            message: `${topic} ${round}`,
          });
          expect(ack).toMatchObject({ type: "ack", topic, offset: round });
        }
      }
      const received = () => reader.received.filter((frame) => "ts" in frame);
      await until(() => received().length === topics.length * 2, 10_000, "all of them");
      for (const { topic, message, offset } of received()) expect(message).toBe(`${topic} ${offset}`);
      for (const topic of topics) {
        const { publications } = await publisher.request({ type: "history", topic });
        expect(publications.map(({ message }: { message: string }) => message)).toEqual([
          `${topic} 1`,
          `${topic} 2`,
        ]);
        // Who reads on the other node is known here a moment later.
        let members: unknown = [];
        await until(async () => {
          ({ members } = await publisher.request({ type: "presence", topic }));
          return (members as unknown[]).length > 0;
        });
        expect(members).toEqual([{ user_id: "reader", connections: 1 }]);
      }
      expect((await json("/topics/t/history", { method: "DELETE" })).status).toBe(200);
      for (const topic of topics.filter((name) => name !== "t")) {
        expect(await publisher.request({ type: "publish", topic, message: "third" })).toMatchObject({
          offset: 3,
        });
      }
      expect(await publisher.request({ type: "publish", topic: "t", message: "first again" })).toMatchObject({
        offset: 1,
      });
    } finally {
      await reader.close();
      await publisher.close();
    }
  });

  test("what is no topic's name reaches Redis by no way", async () => {
    const client = await WebSocketClient.welcomed(servers[0]!.url, "topics=");
    try {
      for (const topic of refused) {
        for (const type of ["publish", "subscribe", "history", "presence"]) {
          client.send({ type, id: 1, topic, message: "x" });
          expect(await client.next("error")).toMatchObject({ code: "invalid" });
          // Not one connection for all: too many bad frames would end it.
        }
        const publish = await json("/publish", {
          method: "POST",
          body: JSON.stringify({ topic, message: "x" }),
        });
        expect([topic, publish.status]).toEqual([topic, 422]);
        if (client.received.length > 40) break;
      }
      const path = encodeURIComponent("a\r\nFLUSHALL\r\n");
      expect((await json(`/topics/${path}/history`)).status).toBe(422);
      expect((await json(`/topics?prefix=${encodeURIComponent("*")}`)).body).toEqual({ topics: [] } as never);
    } finally {
      await client.close();
    }
  });

  test("keys, texts and users that look like Redis' own protocol are data", async () => {
    const hostile = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n\n1 message ,\u0000";
    const reader = await WebSocketClient.welcomed(servers[1]!.url, "topics=protocol");
    const publisher = await WebSocketClient.welcomed(servers[0]!.url, "topics=");
    try {
      const publish = {
        type: "publish",
        topic: "protocol",
        key: hostile,
        correlation_id: hostile,
        message: hostile,
        data: { [hostile]: hostile },
        tags: { a: hostile },
      };
      const first = await publisher.request(publish);
      expect(first).toMatchObject({ type: "ack", offset: 1 });
      expect(await publisher.request(publish)).toMatchObject({ offset: 1 });
      expect(await reader.next((frame) => "ts" in frame)).toMatchObject({
        message: hostile,
        data: { [hostile]: hostile },
        tags: { a: hostile },
      });
    } finally {
      await reader.close();
      await publisher.close();
    }
  });
});
