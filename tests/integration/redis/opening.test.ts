import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient } from "../event-stream/event-stream-client.ts";

// Redis stands still, and is waited for again and again.
setDefaultTimeout(20_000);

let redis: RedisServer;
let nodes: RunningServer[];
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  nodes = await Promise.all([0, 1].map(() => startTestServer({ redisUrl: redis.url })));
  for (const { url } of nodes) await until(async () => (await fetch(`${url}/ready`)).status === 200);
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});
afterAll(async () => {
  for (const node of nodes ?? []) await node.stop();
  await redis?.stop();
});

let topics = 0;
const freshTopic = () => `topic-${++topics}`;

async function connect(node: number, query: string) {
  const client = await WebSocketClient.open(nodes[node]!.url, query);
  open.push(client);
  return client;
}

async function read(node: number, query: string) {
  const stream = await EventStreamClient.open(nodes[node]!.url, query);
  open.push(stream);
  return stream;
}

const publish = async (topic: string, count: number, node = 0) => {
  const client = await connect(node, "topics=");
  await client.next("welcome");
  const acks = Array.from({ length: count }, (_, id) =>
    client.request({ type: "publish", topic, message: `m${id}` }),
  );
  return await Promise.all(acks);
};
const offsetsOf = (frames: readonly Frame[]) =>
  frames.flatMap((frame) => ("ts" in frame ? [frame.offset] : []));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("a client of topics that Redis has to be asked about", () => {
  test("is welcomed with all of them, and what it missed follows", async () => {
    const [cold, fresh] = [freshTopic(), freshTopic()];
    const acks = await publish(cold, 20);
    expect(acks.map(({ offset }) => offset)).toEqual(upTo(20));
    const client = await connect(1, `topics=${cold},${fresh}&since=${cold}:${acks[0]!.epoch}:5`);
    client.send({ type: "publish", id: "own", topic: fresh, message: "before the welcome came" });
    await client.next((frame) => frame.id === "own");
    expect(client.received[0]!.type).toBe("welcome");
    expect(client.received[0]!.topics).toMatchObject([
      { topic: cold, offset: 20, recovered: true },
      { topic: fresh, offset: 0, recovered: false },
    ]);
    await until(() => offsetsOf(client.received).length === 16);
    expect(offsetsOf(client.received.filter(({ topic }) => topic === cold))).toEqual(upTo(20).slice(5));
  });

  test("as one that reads an event stream begins with all of them", async () => {
    const [cold, fresh] = [freshTopic(), freshTopic()];
    const [{ epoch }] = (await publish(cold, 3)) as [Frame];
    const stream = await read(1, `topic=${cold}&topic=${fresh}&since=${cold}:${epoch}:1`);
    const first = await stream.next("subscribed");
    expect(first.data).toMatchObject([
      { topic: cold, offset: 3, recovered: true },
      { topic: fresh, offset: 0 },
    ]);
    expect((await stream.take(cold, 2)).map(({ data }) => data.offset)).toEqual([2, 3]);
  });

  test("resumes at the position of its ack, although other nodes hear of it later", async () => {
    const topic = freshTopic();
    const watcher = await connect(1, `topics=${topic}`);
    await watcher.next("welcome");
    const client = await connect(1, "topics=");
    await client.next("welcome");
    for (let count = 0; count < 50; count++) {
      const [{ epoch, offset }] = (await publish(topic, 1)) as [Frame];
      const answer = await client.request({ type: "subscribe", topic, since: { epoch, offset } });
      expect(answer).toMatchObject({ type: "subscribed", recovered: true });
      await client.request({ type: "unsubscribe", topic });
    }
  });

  test("that starts its only subscription anew goes on without a hole", async () => {
    const topic = freshTopic();
    const client = await connect(0, `topics=${topic}`);
    const {
      topics: [state],
    } = await client.next("welcome");
    const publisher = publish(topic, 200, 1);
    for (let id = 1; id <= 20; id++) {
      const offset = offsetsOf(client.received).at(-1) ?? 0;
      await client.request({ type: "subscribe", topic, since: { epoch: state.epoch, offset } });
    }
    await publisher;
    await until(() => offsetsOf(client.received).at(-1) === 200);
    expect(new Set(offsetsOf(client.received))).toEqual(new Set(upTo(200)));
    expect(client.received.every(({ recovered }) => recovered !== false)).toBe(true);
  });
});

describe("while Redis stands still", () => {
  test("clients are welcomed within two seconds, publishes answered, and topics follow when it goes on", async () => {
    const [known, cold] = [freshTopic(), freshTopic()];
    const reader = await connect(0, `topics=${known}`);
    await reader.next("welcome");
    redis.pause();
    try {
      const startedAt = performance.now();
      const client = await connect(0, `topics=${known},${cold}`);
      const stream = await read(0, `topic=${cold}`);
      client.send({ type: "publish", id: 1, topic: cold, message: "m", key: "k" });
      const welcome = await client.next("welcome");
      expect(client.received[0]).toBe(welcome);
      expect(welcome.topics.map(({ topic }: Frame) => topic)).toEqual([known]);
      expect(performance.now() - startedAt).toBeWithin(900, 2000);
      expect(await client.next("error")).toMatchObject({ id: 1, code: "unavailable" });
      expect(performance.now() - startedAt).toBeLessThan(3000);
      const first = await stream.next("subscribed");
      expect([first.data, first.id]).toEqual([[], expect.stringMatching(/^c1\./)]);
      expect((await fetch(`${nodes[0]!.url}/ready`)).status).toBe(503);
      redis.resume();
      expect(await client.next("subscribed")).toMatchObject({ topic: cold });
      expect((await stream.next("subscribed")).data).toMatchObject([{ topic: cold }]);
      await until(async () => (await fetch(`${nodes[0]!.url}/ready`)).status === 200);
      // Redis may have carried out what was given up: with the same key it is not published twice.
      const again = { type: "publish", topic: cold, message: "m", key: "k" };
      expect(await client.request(again)).toMatchObject({ type: "ack", offset: 1 });
      expect(await client.request({ type: "publish", topic: cold, message: "next" })).toMatchObject({
        offset: 2,
      });
      expect((await client.next(({ message }) => message === "next")).offset).toBe(2);
      expect((await stream.next(({ data }) => data.message === "next")).data.offset).toBe(2);
    } finally {
      redis.resume();
    }
  });
});
