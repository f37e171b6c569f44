import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { encodeFrame, Opcode } from "../support/raw-frame.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { Bystanders } from "./support/bystanders.ts";
import { residentBytes } from "./support/process-memory.ts";

setDefaultTimeout(60_000);

const mebibyte = 1024 * 1024;

/** What a publication between healthy clients may take while the server is attacked, on a machine with others. */
const worstLatencyMs = 2000;

let server: SpawnedServer;
let bystanders: Bystanders;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  server = await spawnServer({ env: { TOPICS_MAX: "20000", HISTORY_BYTES_MAX: "64 MiB" } });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => server.stop());

/** Runs an attack beside healthy clients, who must not notice. */
async function besideTheHealthy(attack: () => Promise<void>): Promise<void> {
  bystanders = await Bystanders.open(server.url);
  try {
    await attack();
    const { worstMs } = await bystanders.account();
    expect(worstMs).toBeLessThan(worstLatencyMs);
  } finally {
    await bystanders.close();
    await fetch(`${server.url}/topics/bystanders/history`, { method: "DELETE" });
  }
}

async function attacker(path = "/ws?topics="): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(server.url, { path, answerPings: true });
  cleanups.push(() => socket.connection.destroy());
  return socket;
}

function blockOf(frames: readonly string[]): Uint8Array {
  return Buffer.concat(frames.map((payload) => encodeFrame({ opcode: Opcode.text, payload })));
}

async function metrics(): Promise<Record<string, number>> {
  return (await (await fetch(`${server.url}/metrics`)).json()) as Record<string, number>;
}

describe("frame floods", () => {
  test("of bad frames end with 4429 after fifty", async () => {
    await besideTheHealthy(async () => {
      const attackers = await Promise.all(Array.from({ length: 20 }, () => attacker()));
      const bad = blockOf(Array.from({ length: 1000 }, () => '{"type":'));
      for (const socket of attackers) socket.send(bad);
      for (const socket of attackers) {
        expect(await socket.waitForEnd()).toMatchObject({ code: 4429 });
        expect(socket.jsonFrames.filter(({ type }) => type === "error")).toHaveLength(50);
      }
    });
  });

  test("of good ones slow down nobody but those who send them", async () => {
    await besideTheHealthy(async () => {
      const attackers = await Promise.all(Array.from({ length: 5 }, () => attacker()));
      const publish = JSON.stringify({ type: "publish", id: 1, topic: "flooded", message: "x".repeat(100) });
      const block = blockOf(Array.from({ length: 500 }, () => publish));
      for (let round = 0; round < 40; round++) {
        for (const socket of attackers) socket.send(block);
        await Bun.sleep(5);
      }
      const acks = () =>
        attackers.map(({ jsonFrames }) => jsonFrames.filter(({ type }) => type === "ack").length);
      await until(() => acks().every((count) => count === 20_000), 20_000, "all answers");
    });
  });

  test("from those who read no answers fill no memory: they are not read from any more", async () => {
    await besideTheHealthy(async () => {
      const before = residentBytes(server.process.pid);
      const attackers = await Promise.all(Array.from({ length: 5 }, () => attacker()));
      for (const socket of attackers) socket.connection.pauseReading();
      const ask = blockOf(Array.from({ length: 2000 }, () => '{"type":"status_request","id":1}'));
      for (let round = 0; round < 50; round++) {
        for (const socket of attackers) socket.send(ask);
        await Bun.sleep(10);
      }
      expect(residentBytes(server.process.pid) - before).toBeLessThan(150 * mebibyte);
    });
  });

  test("of PINGs from those who read no PONGs fill no memory either", async () => {
    await besideTheHealthy(async () => {
      const before = residentBytes(server.process.pid);
      const attackers = await Promise.all(Array.from({ length: 5 }, () => attacker()));
      for (const socket of attackers) socket.connection.pauseReading();
      const ping = encodeFrame({ opcode: Opcode.ping, payload: "x".repeat(125) });
      const block = Buffer.concat(Array.from({ length: 2000 }, () => ping));
      for (let round = 0; round < 50; round++) {
        for (const socket of attackers) socket.send(block);
        await Bun.sleep(10);
      }
      expect(residentBytes(server.process.pid) - before).toBeLessThan(150 * mebibyte);
    });
  });

  test("are cut off where a rate is set: 4429, and others have all that they are entitled to", async () => {
    const limited = await spawnServer({
      env: { COMMAND_RATE: "50", COMMAND_BYTES_RATE: "64 KiB", USER_COMMAND_RATE: "60", RATE_BURST: "2 s" },
    });
    cleanups.push(() => limited.stop());
    const open = async (path: string) => {
      const socket = await RawWebSocket.open(limited.url, { path, answerPings: true });
      cleanups.push(() => socket.connection.destroy());
      return socket;
    };
    const calm = await WebSocketClient.welcomed(limited.url, "topics=&user_id=calm");
    cleanups.push(() => calm.close());
    const greedy = await open("/ws?topics=&user_id=greedy");
    greedy.send(blockOf(Array.from({ length: 1000 }, (_, id) => `{"type":"ping","id":${id}}`)));
    expect(await greedy.waitForEnd()).toMatchObject({ code: 4429 });
    const answers = greedy.jsonFrames.filter(({ type }) => type === "pong" || type === "error");
    expect(answers.filter(({ type }) => type === "pong").length).toBeGreaterThanOrEqual(100);
    expect(answers.filter(({ type }) => type === "pong").length).toBeLessThan(130);
    expect(answers.find(({ type }) => type === "error")).toMatchObject({
      code: "rate_limited",
      id: expect.any(Number),
    });
    // The same user again: what it has left is the rest of its own.
    const again = await open("/ws?topics=&user_id=greedy");
    again.send(blockOf(Array.from({ length: 1000 }, () => '{"type":"ping","id":1}')));
    expect(await again.waitForEnd()).toMatchObject({ code: 4429 });
    expect(again.jsonFrames.filter(({ type }) => type === "pong").length).toBeLessThan(60);
    const heavy = await open("/ws?topics=&user_id=heavy");
    const large = JSON.stringify({ type: "publish", id: 1, topic: "t", message: "x".repeat(60_000) });
    heavy.send(blockOf(Array.from({ length: 10 }, () => large)));
    await until(() => heavy.jsonFrames.filter(({ id }) => id === 1).length === 10, 5000, "ten answers");
    expect(heavy.jsonFrames.filter(({ type }) => type === "ack").length).toBeLessThanOrEqual(3);
    for (let id = 0; id < 50; id++)
      expect(await calm.request({ type: "ping", id })).toMatchObject({ type: "pong" });
  });
});

describe("subscribe and unsubscribe floods", () => {
  test("leave nothing behind, of the same topics and of ever other ones", async () => {
    await besideTheHealthy(async () => {
      const subscriptions = (await metrics()).subscriptions!;
      const attackers = await Promise.all(Array.from({ length: 4 }, () => attacker()));
      await fetch(`${server.url}/health`);
      const before = residentBytes(server.process.pid);
      const rounds = 40;
      const each = 500;
      for (let round = 0; round < rounds; round++) {
        for (const [index, socket] of attackers.entries()) {
          const frames = Array.from({ length: each }, (_, number) => {
            const topic = index % 2 === 0 ? `same-${number % 10}` : `other-${index}-${round}-${number}`;
            return [`{"type":"subscribe","topic":"${topic}"}`, `{"type":"unsubscribe","topic":"${topic}"}`];
          });
          socket.send(blockOf(frames.flat()));
        }
        await Bun.sleep(5);
      }
      for (const socket of attackers) socket.sendJson({ type: "ping", id: "last" });
      for (const socket of attackers)
        await socket.waitForJson("the last answer", ({ id }) => id === "last", 30_000);
      const after = await metrics();
      expect(after.subscriptions).toBe(subscriptions);
      expect(after.topics).toBeLessThanOrEqual(20_000);
      expect(residentBytes(server.process.pid) - before).toBeLessThan(150 * mebibyte);
    });
  });

  test("of more topics than a connection may read are refused, one by one", async () => {
    const socket = await attacker();
    const topics = Array.from({ length: 1000 }, (_, index) => `many-${index}`);
    socket.sendJson({ type: "subscribe", id: 1, topics });
    await until(
      () => socket.jsonFrames.filter(({ type }) => type === "subscribed").length === 1000,
      5000,
      "all of them",
    );
    socket.sendJson({ type: "subscribe", id: 2, topic: "one-more" });
    expect(await socket.waitForJson("a refusal", ({ id }) => id === 2)).toMatchObject({ code: "too_large" });
    socket.sendJson({
      type: "subscribe",
      id: 3,
      topics: Array.from({ length: 2000 }, (_, index) => `t${index}`),
    });
    expect(await socket.waitForJson("a refusal", ({ id }) => id === 3)).toMatchObject({ code: "too_large" });
  });

  test("of one topic by ever more connections are refused where a bound is set", async () => {
    const limited = await spawnServer({ env: { SUBSCRIBERS_PER_TOPIC_MAX: "10" } });
    cleanups.push(() => limited.stop());
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => WebSocketClient.welcomed(limited.url, "topics=t")),
    );
    cleanups.push(() => Promise.all(clients.map((client) => client.close())));
    const late = await WebSocketClient.welcomed(limited.url, "topics=");
    cleanups.push(() => late.close());
    expect(await late.request({ type: "subscribe", topic: "t" })).toMatchObject({
      type: "error",
      code: "unavailable",
    });
    expect(await late.request({ type: "subscribe", topic: "other" })).toMatchObject({ type: "subscribed" });
    await clients.pop()!.close();
    await until(
      async () => (await late.request({ type: "subscribe", topic: "t" })).type === "subscribed",
      5000,
      "a place",
    );
  });
});

describe("topic-name floods", () => {
  test("of a million distinct topics exhaust no memory, and end no topic that is read", async () => {
    await besideTheHealthy(async () => {
      const senders = 4;
      const perBatch = 1000;
      const batches = 1000;
      const before = residentBytes(server.process.pid);
      let next = 0;
      const name = "n".repeat(40);
      const flood = Array.from({ length: senders }, async () => {
        for (let batch = next++; batch < batches; batch = next++) {
          const topics = Array.from({ length: perBatch }, (_, index) => `${name}-${batch}-${index}`);
          const body = JSON.stringify({ topics, message: "x" });
          expect((await fetch(`${server.url}/publish`, { method: "POST", body })).status).toBe(200);
        }
      });
      await Promise.all(flood);
      const { topics } = await metrics();
      expect(topics).toBeLessThanOrEqual(20_000);
      expect(residentBytes(server.process.pid) - before).toBeLessThan(300 * mebibyte);
    });
  });

  test("of topics that are all read are refused, and those that are read live on", async () => {
    const small = await spawnServer({ env: { TOPICS_MAX: "100" } });
    cleanups.push(() => small.stop());
    const reader = await WebSocketClient.welcomed(small.url, "topics=");
    cleanups.push(() => reader.close());
    for (let index = 0; index < 100; index++) {
      expect((await reader.request({ type: "subscribe", topic: `t-${index}` })).type).toBe("subscribed");
    }
    expect(await reader.request({ type: "subscribe", topic: "t-100" })).toMatchObject({
      code: "rate_limited",
    });
    expect(await reader.request({ type: "publish", topic: "elsewhere", message: "x" })).toMatchObject({
      code: "rate_limited",
    });
    expect(await reader.request({ type: "publish", topic: "t-50", message: "x" })).toMatchObject({
      type: "ack",
      offset: 1,
    });
    const { topics } = (await (await fetch(`${small.url}/metrics`)).json()) as { topics: number };
    expect(topics).toBe(100);
  });
});

describe("batch bombs", () => {
  /** Of a body of a megabyte, most of it for parsing. */
  const answeredMs = 400;
  const bombs: [name: string, path: string, body: () => string, status: number][] = [
    ["more publications than a batch may have", "/publish/batch", () => `[${"{},".repeat(300_000)}{}]`, 413],
    ["a thousand that are nothing", "/publish/batch", () => `[${"0,".repeat(999)}0]`, 503],
    [
      "a thousand in one topic",
      "/publish/batch",
      () => `[${Array.from({ length: 1000 }, () => '{"topic":"bomb","data":0}')}]`,
      200,
    ],
    [
      "a thousand large ones",
      "/publish/batch",
      () => `[${Array.from({ length: 1000 }, () => `{"topic":"bomb","message":"${"x".repeat(900)}"}`)}]`,
      200,
    ],
    [
      "more topics than one publish may have",
      "/publish",
      () => `{"message":"x","topics":["a"${',"a"'.repeat(200_000)}]}`,
      413,
    ],
    ["a list of lists", "/publish/batch", () => `{"publications":[${"[],".repeat(300_000)}[]]}`, 413],
    [
      "members without end",
      "/publish",
      () => `{"topic":"t","message":"x",${Array.from({ length: 60_000 }, (_, index) => `"a${index}":1`)}}`,
      200,
    ],
    [
      "tags without end",
      "/publish",
      () =>
        `{"topic":"t","message":"x","tags":{${Array.from({ length: 60_000 }, (_, index) => `"a${index}":"1"`)}}}`,
      422,
    ],
    [
      "users without end",
      "/sse/push/batch",
      () => `[${'{"user_id":"a","message":"x"},'.repeat(30_000)}{"user_id":"a","message":"x"}]`,
      413,
    ],
    ["mentions without end", "/sse/push", () => `{"user_id":"a","message":"${"@a ".repeat(300_000)}"}`, 413],
  ];

  for (const [name, path, body, status] of bombs) {
    test(`${name}: ${status}, and nobody else waits`, async () => {
      await besideTheHealthy(async () => {
        const text = body();
        for (let round = 0; round < 5; round++) {
          const startedMs = performance.now();
          const answer = await fetch(server.url + path, { method: "POST", body: text });
          expect(answer.status).toBe(status);
          await answer.text();
          expect(performance.now() - startedMs).toBeLessThan(answeredMs);
        }
      });
    });
  }

  test("as one frame: subscribing to more than a connection may is refused as a whole", async () => {
    await besideTheHealthy(async () => {
      const socket = await attacker();
      const topics = Array.from({ length: 9000 }, (_, index) => `b${index}`);
      for (let round = 0; round < 20; round++)
        socket.sendJson({ type: "subscribe", id: round, topics: topics.slice(0, 6000) });
      await socket.waitForJson("the last refusal", ({ id }) => id === 19);
      expect(socket.jsonFrames.filter(({ code }) => code === "too_large")).toHaveLength(20);
    });
  });
});
