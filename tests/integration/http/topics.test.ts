import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { startApplication } from "./support/application-server.ts";

const server = startApplication({ config: { presenceMembersMax: 2 } });
afterAll(() => server.stop());

interface History {
  topic: string;
  epoch: string;
  offset: number;
  publications: { offset: number; message: string }[];
}

async function json<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  return (await (await server.fetch(path, init)).json()) as Answer;
}

beforeAll(async () => {
  for (let index = 1; index <= 5; index++) {
    await server.post("/publish", { topic: "news.sport", message: String(index) });
  }
  await server.post("/publish", { topics: ["news.art", "weather"], message: "x" });
});

describe("GET /topics", () => {
  test("lists the topics with positions and subscribers", async () => {
    const leave = [
      server.subscribe("weather"),
      server.subscribe("weather", { userId: "alice" }),
      server.subscribe("weather", { format: 1 }),
    ];
    const { topics } = await json<{ topics: { topic: string }[] }>("/topics");
    expect(topics.map(({ topic }) => topic).sort()).toEqual(["news.art", "news.sport", "weather"]);
    expect(topics.find(({ topic }) => topic === "weather")).toEqual({
      topic: "weather",
      epoch: expect.any(String),
      offset: 1,
      subscribers: 3,
      subscribers_by_transport: { websocket: 2, sse: 1 },
    } as never);
    for (const leaveOne of leave) leaveOne();
  });

  test("by prefix, and no more than asked for", async () => {
    const byPrefix = await json<{ topics: { topic: string }[] }>("/topics?prefix=news.");
    expect(byPrefix.topics.map(({ topic }) => topic).sort()).toEqual(["news.art", "news.sport"]);
    expect((await json<{ topics: unknown[] }>("/topics?limit=1")).topics).toHaveLength(1);
    expect((await json<{ topics: unknown[] }>("/topics?limit=0")).topics).toEqual([]);
    expect((await json<{ topics: unknown[] }>("/topics?limit=9007199254740991")).topics).toHaveLength(3);
    expect((await json<{ topics: unknown[] }>("/topics?prefix=none")).topics).toEqual([]);
  });
});

describe("GET /topics/:topic", () => {
  test("describes one topic", async () => {
    expect(await json<unknown>("/topics/news.sport")).toEqual({
      topic: "news.sport",
      epoch: expect.any(String),
      offset: 5,
      subscribers: 0,
      subscribers_by_transport: { websocket: 0, sse: 0 },
    });
  });

  test("takes every character of a topic name, plain or encoded", async () => {
    const topic = "user:a.B_9@x|~=-";
    await server.post("/publish", { topic, message: "x" });
    for (const written of [topic, encodeURIComponent(topic)]) {
      expect(await json<unknown>(`/topics/${written}`)).toMatchObject({ topic, offset: 1 });
    }
  });

  test("404 where there is none, and none comes to be", async () => {
    for (const _ of [1, 2]) {
      const answer = await server.fetch("/topics/unheard-of");
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
    }
  });
});

describe("GET /topics/:topic/history", () => {
  const offsets = ({ publications }: History) => publications.map(({ offset }) => offset);

  test("the newest, ascending", async () => {
    const page = await json<History>("/topics/news.sport/history?limit=2");
    expect(page).toMatchObject({ topic: "news.sport", epoch: expect.any(String), offset: 5 });
    expect(page.publications).toMatchObject([
      { offset: 4, message: "4" },
      { offset: 5, message: "5" },
    ]);
    expect(page).not.toHaveProperty("type");
  });

  test("the first ones after a position, and newest first", async () => {
    const { epoch } = await json<History>("/topics/news.sport/history");
    const path = `/topics/news.sport/history?since=${epoch}:2`;
    expect(offsets(await json<History>(path))).toEqual([3, 4, 5]);
    expect(offsets(await json<History>(`${path}&limit=2`))).toEqual([3, 4]);
    expect(offsets(await json<History>("/topics/news.sport/history?reverse=true&limit=2"))).toEqual([5, 4]);
    expect(offsets(await json<History>("/topics/news.sport/history?reverse=false&limit=2"))).toEqual([4, 5]);
    expect(offsets(await json<History>("/topics/news.sport/history?since=another:2"))).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(offsets(await json<History>("/topics/news.sport/history?since="))).toHaveLength(5);
    expect(offsets(await json<History>("/topics/news.sport/history?limit=0"))).toEqual([]);
  });

  test("refuses parameters that are none", async () => {
    const cases: [string, string][] = [
      ["since=12", "since: must be a position, as <epoch>:<offset>"],
      ["since=e:-1", "since: must be a position, as <epoch>:<offset>"],
      ["since=e:1.5", "since: must be a position, as <epoch>:<offset>"],
      ["limit=many", "limit: must be a whole number from 0 on"],
      ["limit=-1", "limit: must be a whole number from 0 on"],
      ["limit=1.5", "limit: must be a whole number from 0 on"],
      ["reverse=yes", "reverse: must be true or false"],
    ];
    for (const [query, message] of cases) {
      const answer = await server.fetch(`/topics/news.sport/history?${query}`);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toEqual({ error: { code: "invalid", message } });
    }
  });

  test("a topic that is no name is refused by every route of topics", async () => {
    for (const path of [
      "/topics/a%20b",
      "/topics/a%2Fb/history",
      "/topics/%zz/presence",
      `/topics/${"x".repeat(256)}`,
    ]) {
      const answer = await server.fetch(path);
      expect(answer.status).toBe(422);
      const { error } = (await answer.json()) as { error: { message: string } };
      expect(error.message).toStartWith("topic: must be 1 to 255 characters");
    }
  });

  test("passes a broker's failure on", async () => {
    const unavailable = () => new Failure("unavailable", "No broker.");
    const broken = startApplication({
      broker: {
        history: unavailable,
        topics: unavailable,
        describe: unavailable,
        presence: unavailable,
        clearHistory: unavailable,
      },
    });
    for (const path of ["/topics", "/topics/t", "/topics/t/history", "/topics/t/presence"]) {
      expect((await broken.fetch(path)).status).toBe(503);
    }
    expect((await broken.fetch("/topics/t/history", { method: "DELETE" })).status).toBe(503);
    await broken.stop();
  });
});

describe("DELETE /topics/:topic/history", () => {
  const remove = (topic: string, headers: Record<string, string> = {}) =>
    server.fetch(`/topics/${topic}/history`, { method: "DELETE", headers });

  test("forgets a topic that nobody reads", async () => {
    await server.post("/publish", { topic: "doomed", message: "x" });
    const answer = await remove("doomed");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ topic: "doomed", epoch: null });
    expect((await remove("doomed")).status).toBe(404);
  });

  test("a topic that is read goes on in a new epoch", async () => {
    const leave = server.subscribe("followed");
    const before = (await (
      await server.post("/publish", { topic: "followed", message: "x" })
    ).json()) as History;
    const answer = (await (await remove("followed")).json()) as { epoch: string };
    expect(answer).toEqual({ topic: "followed", epoch: expect.any(String) } as never);
    expect(answer.epoch).not.toBe(before.epoch);
    expect(await json<History>("/topics/followed/history")).toMatchObject({
      epoch: answer.epoch,
      offset: 0,
      publications: [],
    });
    leave();
  });

  test("is refused to callers that a proxy speaks for, and to pages under another name", async () => {
    await server.post("/publish", { topic: "guarded", message: "x" });
    const refused: Record<string, string>[] = [
      { "x-forwarded-for": "203.0.113.7" },
      { forwarded: "for=203.0.113.7" },
      { "x-real-ip": "203.0.113.7" },
      // A name of somebody's that resolves to this machine: the origin is the host's own.
      { host: "rebound.example", origin: "http://rebound.example" },
    ];
    for (const headers of refused) {
      const answer = await remove("guarded", headers);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ error: { code: "forbidden" } });
    }
    expect((await json<History>("/topics/guarded/history")).publications).toHaveLength(1);
    expect((await remove("guarded", { origin: server.url })).status).toBe(200);
  });
});

describe("GET /topics/:topic/presence", () => {
  test("lists users once, and counts all connections", async () => {
    const leave = [
      server.subscribe("room", { userId: "alice" }),
      server.subscribe("room", { userId: "alice", format: 1 }),
      server.subscribe("room"),
    ];
    expect(await json<unknown>("/topics/room/presence")).toEqual({
      topic: "room",
      members: [{ user_id: "alice", connections: 2 }],
      connections: 3,
    });
    leave.push(server.subscribe("room", { userId: "bob" }), server.subscribe("room", { userId: "carol" }));
    const crowded = await json<{ members: unknown[]; connections: number }>("/topics/room/presence");
    expect(crowded.members).toHaveLength(2);
    expect(crowded.connections).toBe(5);
    for (const leaveOne of leave) leaveOne();
    expect(await json<unknown>("/topics/room/presence")).toEqual({
      topic: "room",
      members: [],
      connections: 0,
    });
  });
});
