import { afterAll, describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { type ApplicationServer, startApplication } from "./support/application-server.ts";
import { useOwnApplication } from "./support/own-application.ts";

const shared = startApplication();
afterAll(() => shared.stop());
const start = useOwnApplication();

async function historyOf(server: ApplicationServer, topic: string) {
  const answer = await server.fetch(`/topics/${topic}/history`);
  return ((await answer.json()) as { publications: Record<string, unknown>[] }).publications;
}

describe("POST /publish", () => {
  test("answers the position and stores what was said", async () => {
    const answer = await shared.post("/publish", {
      topic: "orders",
      event: "created",
      message: "héllo",
      data: { id: 7, list: [null, true] },
      key: "k1",
      sender: "shop",
      correlation_id: "c1",
      tags: { color: "red" },
      unknown: "left out",
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({ topic: "orders", epoch: expect.any(String), offset: 1 });
    expect(await historyOf(shared, "orders")).toEqual([
      {
        type: "created",
        topic: "orders",
        offset: 1,
        ts: expect.any(Number),
        sender: "shop",
        message: "héllo",
        data: { id: 7, list: [null, true] },
        key: "k1",
        correlation_id: "c1",
        tags: { color: "red" },
      },
    ]);
  });

  test("answers a repeated key with the first position and stores nothing more", async () => {
    const order = { topic: "repeats", message: "once", key: "same" };
    const first = await (await shared.post("/publish", order)).json();
    expect(await (await shared.post("/publish", order)).json()).toEqual(first);
    expect(await historyOf(shared, "repeats")).toHaveLength(1);
  });

  test("answers without a position where it was not to be stored", async () => {
    const answer = await shared.post("/publish", { topic: "typing", data: null, store: false });
    expect(await answer.json()).toEqual({ topic: "typing" });
    expect(await historyOf(shared, "typing")).toEqual([]);
  });

  test("publishes the same to many topics, each with its own result", async () => {
    const answer = await shared.post("/publish", { topics: ["many.a", "many.b"], message: "x" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      results: [
        { topic: "many.a", epoch: expect.any(String), offset: 1 },
        { topic: "many.b", epoch: expect.any(String), offset: 1 },
      ],
    });
  });

  test("counts what was accepted and what was read", async () => {
    const { counters } = shared;
    const [publications, bytes] = [counters.publications.rest, counters.bytesReceived];
    const body = JSON.stringify({ topics: ["counted.a", "counted.b"], message: "é" });
    await shared.post("/publish", body);
    await shared.post("/publish", "{}");
    expect(counters.publications.rest - publications).toBe(2);
    expect(counters.bytesReceived - bytes).toBe(Buffer.byteLength(body) + 2);
  });

  test("waits for a broker that takes its time", async () => {
    const server = start({
      broker: {
        publish: async ({ topic }) => {
          await Bun.sleep(1);
          return topic === "late" ? { epoch: "e", offset: 5, ts: 1, repeated: false } : null;
        },
      },
    });
    expect(await (await server.post("/publish", { topic: "late", message: "x" })).json()).toEqual({
      topic: "late",
      epoch: "e",
      offset: 5,
    });
    expect(server.counters.publications.rest).toBe(1);
  });

  test("passes a broker's failure on, and counts it", async () => {
    const server = start({ broker: { publish: () => new Failure("unavailable", "No broker.") } });
    const answer = await server.post("/publish", { topic: "t", message: "x" });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ error: { code: "unavailable", message: "No broker." } });
    expect(server.counters.errors.read().unavailable).toBe(1);
    expect(server.counters.publications.rest).toBe(0);
  });

  test("of many topics, tells of each failure; 503 only if all failed", async () => {
    const unavailable = new Failure("unavailable", "No broker.");
    const server = start({
      broker: {
        publish: ({ topic }) =>
          topic === "good" ? { epoch: "e", offset: 1, ts: 1, repeated: false } : unavailable,
      },
    });
    const failure = { code: "unavailable", message: "No broker." };
    const some = await server.post("/publish", { topics: ["bad", "good"], message: "x" });
    expect(some.status).toBe(200);
    expect(await some.json()).toEqual({
      results: [
        { topic: "bad", error: failure },
        { topic: "good", epoch: "e", offset: 1 },
      ],
    });
    const none = await server.post("/publish", { topics: ["bad", "bad.too"], message: "x" });
    expect(none.status).toBe(503);
    expect(await none.json()).toEqual({
      results: [
        { topic: "bad", error: failure },
        { topic: "bad.too", error: failure },
      ],
    });
    expect(server.counters.errors.read().unavailable).toBe(3);
  });

  test("is served while draining", async () => {
    const server = start({});
    server.drainState = "draining";
    expect((await server.post("/publish", { topic: "t", message: "x" })).status).toBe(200);
  });
});

describe("POST /publish refuses, in the words of the WebSocket", () => {
  const cases: [string, unknown, string][] = [
    ["no topic", { message: "x" }, "topic: is needed"],
    [
      "both topic and topics",
      { topic: "a", topics: ["a"], message: "x" },
      "topic or topics: exactly one of them is needed",
    ],
    ["no topics", { topics: [], message: "x" }, "topics: must not have fewer than 1 items"],
    ["a topic that is none", { topic: "a b", message: "x" }, "topic: must"],
    ["a topic of a wrong type", { topic: 1, message: "x" }, "topic: must be string"],
    ["one topic among many", { topics: ["a", "b/c"], message: "x" }, "topics.1: must"],
    ["no content", { topic: "a" }, "message or data: at least one is needed"],
    ["a message of a wrong type", { topic: "a", message: 1 }, "message: must be string"],
    ["text for a boolean", { topic: "a", message: "x", store: "true" }, "store: must be boolean"],
    ["a tag of a wrong type", { topic: "a", message: "x", tags: { n: 1 } }, "tags.n: must be string"],
    ["an empty key", { topic: "a", message: "x", key: "" }, "key: must"],
    [
      "a word of the protocol",
      { topic: "a", message: "x", event: "welcome" },
      "event: this word is a frame type",
    ],
    [
      "data beyond its depth",
      `{"topic":"a","data":${"[".repeat(129)}${"]".repeat(129)}}`,
      "data: nested deeper",
    ],
    [
      "anything beyond its depth",
      `{"topic":"a","else":${"[".repeat(200)}${"]".repeat(200)}}`,
      "body: nested deeper",
    ],
    ["an array", [], "body: must be a JSON object"],
    ["a number", 42, "body: must be a JSON object"],
    ["null", null, "body: must be a JSON object"],
    ["nothing", "", "body: must be a JSON object"],
    ["fields of its prototype", '{"__proto__":{"topic":"a","message":"x"}}', "message or data: at least one"],
  ];
  for (const [name, body, message] of cases) {
    test(name, async () => {
      const answer = await shared.post("/publish", body);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      expect({ status: answer.status, code: error.code }).toEqual({ status: 422, code: "invalid" });
      expect(error.message).toStartWith(message);
    });
  }
});

describe("POST /publish/batch", () => {
  test("takes an array or an object, and answers each publication by itself", async () => {
    const publications = [
      { topic: "batch", message: "1" },
      { topic: "batch" },
      { topic: "not a topic", message: "2" },
      { topic: "batch", message: "3", store: false },
      7,
    ];
    for (const body of [publications, { publications }]) {
      const answer = await shared.post("/publish/batch", body);
      expect(answer.status).toBe(200);
      const { results } = (await answer.json()) as { results: Record<string, unknown>[] };
      expect(results).toMatchObject([
        { topic: "batch", epoch: expect.any(String), offset: expect.any(Number) },
        { topic: "batch", error: { code: "invalid", message: "message or data: at least one is needed" } },
        { error: { code: "invalid" } },
        { topic: "batch" },
        { error: { code: "invalid", message: "Each publication must be a JSON object." } },
      ]);
      expect(results[2]).not.toHaveProperty("topic");
      expect(results[3]).toEqual({ topic: "batch" });
    }
    expect((await historyOf(shared, "batch")).map(({ message }) => message)).toEqual(["1", "1"]);
  });

  test("publishes in order", async () => {
    const messages = Array.from({ length: 100 }, (_, index) => String(index));
    await shared.post(
      "/publish/batch",
      messages.map((message) => ({ topic: "ordered", message })),
    );
    expect((await historyOf(shared, "ordered")).map(({ message }) => message)).toEqual(messages);
  });

  test("answers 503 if there was nothing but errors", async () => {
    expect((await shared.post("/publish/batch", [{ topic: "t" }, {}])).status).toBe(503);
    const server = start({ broker: { publish: () => new Failure("unavailable", "No broker.") } });
    const answer = await server.post("/publish/batch", [{ topic: "t" }, { topic: "t", message: "x" }]);
    expect(answer.status).toBe(503);
    expect(server.counters.errors.read()).toMatchObject({ invalid: 1, unavailable: 1 });
  });

  test("is bounded", async () => {
    const server = start({ config: { batchMax: 3 } });
    const item = { topic: "t", message: "x" };
    expect((await server.post("/publish/batch", [item, item, item])).status).toBe(200);
    for (const [path, body] of [
      ["/publish/batch", [item, item, item, item]],
      ["/publish", { topics: ["a", "b", "c", "d"], message: "x" }],
    ] as const) {
      const answer = await server.post(path, body);
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: { code: "too_large" } });
    }
    expect(server.counters.publications.rest).toBe(3);
  });

  test("refuses what is no batch", async () => {
    for (const body of [{}, { publications: "x" }, "null", "7", [], { publications: [] }]) {
      const answer = await shared.post("/publish/batch", body);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ error: { code: "invalid" } });
    }
  });

  test("takes one topic for each publication", async () => {
    const answer = await shared.post("/publish/batch", [{ topics: ["a", "b"], message: "x" }]);
    expect(await answer.json()).toMatchObject({ results: [{ error: { message: "topic: is needed" } }] });
  });
});
