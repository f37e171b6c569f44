import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import { BrokerNode, type BrokerNodeOptions } from "./broker-node.ts";

let redis: RedisServer;
let prefixes = 0;
const nodes: BrokerNode[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(({ broker }) => broker.close()));
});

const freshPrefix = () => `b${++prefixes}:`;

function startNode(options: Partial<BrokerNodeOptions> = {}, server = redis): Promise<BrokerNode> {
  const node = new BrokerNode(server.url, { prefix: `b${prefixes}:`, ...options });
  nodes.push(node);
  return node.isUp();
}

async function startNodes(count: number, options: Partial<BrokerNodeOptions> = {}): Promise<BrokerNode[]> {
  const prefix = freshPrefix();
  return Promise.all(Array.from({ length: count }, () => startNode({ prefix, ...options })));
}

describe("two nodes", () => {
  test("what enters either reaches both, in one order", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    await one.follow("t");
    await two.follow("t");
    const acks = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const message = `m${index}`;
        return { message, ...(await (index % 2 === 0 ? one : two).publish("t", message)) };
      }),
    );
    await until(() => Math.min(one.messagesOf("t").length, two.messagesOf("t").length) >= 200, 5000, "all");
    const offsets = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(one.sink.offsetsOf("t")).toEqual(offsets);
    expect(two.sink.offsetsOf("t")).toEqual(offsets);
    const inOrder = acks.sort((a, b) => a.offset - b.offset).map(({ message }) => message);
    expect(one.messagesOf("t")).toEqual(inOrder);
    expect(two.messagesOf("t")).toEqual(inOrder);
  });

  test("one key, raced from both, is one publication", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    await one.follow("t");
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? one : two).publish("t", "m", { key: "k" })),
    );
    expect(new Set(outcomes.map(({ epoch, offset }) => `${epoch}:${offset}`)).size).toBe(1);
    expect(outcomes.filter(({ repeated }) => !repeated)).toHaveLength(1);
    await one.publish("t", "last");
    await until(() => one.messagesOf("t").includes("last"), 3000, "the last one");
    expect(one.sink.offsetsOf("t")).toEqual([1, 2]);
  });

  test("a node receives nothing of topics that it does not follow", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    await one.follow("read-by-one");
    for (let count = 0; count < 50; count++) await two.publish("read-by-one", "m");
    await until(() => one.sink.offsetsOf("read-by-one").length === 50, 3000, "the deliveries");
    expect(two.counters.received).toBe(0);
    const channel = one.keys.channel("read-by-one");
    expect((await redis.cli("PUBSUB", "NUMSUB", channel)).split("\n")[1]).toBe("1");
    one.broker.unfollow("read-by-one");
    await until(
      async () => (await redis.cli("PUBSUB", "NUMSUB", channel)).split("\n")[1] === "0",
      3000,
      "its end",
    );
  });

  test("what is unstored reaches both, and is nowhere afterwards", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    await one.follow("t");
    await two.follow("t");
    expect(await one.broker.publish({ topic: "t", event: "typing", data: 1, store: false })).toBeNull();
    await until(() => one.sink.publications.length + two.sink.publications.length === 2, 3000, "both");
    expect(one.sink.publications[0]).toMatchObject({ offset: 0, type: "typing" });
    const page = await two.broker.history({ topic: "t", limit: 10, bytesMax: 1000 });
    expect(page).toMatchObject({ offset: 0, publications: [] });
  });

  test("kept publications are the cluster's, without those that are not to be kept", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    for (const message of ["a", "b", "c", "d"]) await one.publish("notifications", message);
    await one.publish("notifications", "periodic", { keep: false });
    const kept = await two.broker.kept("notifications");
    if (kept instanceof Failure) throw new Error(kept.message);
    expect(kept.map(({ publication }) => JSON.parse(publication.frame).message)).toEqual(["b", "c", "d"]);
  });
});

describe("what is lost on the way", () => {
  test("is read from the stream when Redis drops the connection", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    await two.follow("t");
    await one.publish("t", "before");
    await redis.cli("CLIENT", "KILL", "TYPE", "pubsub");
    for (let count = 0; count < 20; count++) await one.publish("t", `gap${count}`);
    await until(() => two.sink.offsetsOf("t").length === 21, 4000, "all of them");
    expect(two.sink.offsetsOf("t")).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    expect(two.sink.breaksOf("t")).toEqual([]);
  });

  test("is found by looking, when nothing else would tell", async () => {
    const [one, two] = (await startNodes(2)) as [BrokerNode, BrokerNode];
    const view = await two.follow("t");
    await one.publish("t", "m1");
    await until(() => view.top === 1, 3000, "the first");
    // Stored as any other, but its message gets lost.
    const { epoch } = view;
    const line = '1 message ,"message":"m2"}';
    await redis.cli("XADD", one.keys.stream("t"), "2-0", "n", "1", "t", `${Date.now()}`, "b", "0", "p", line);
    await redis.cli("HSET", one.keys.position("t"), "top", "2");
    await until(() => two.messagesOf("t").includes("m2"), 6000, "the second");
    expect([view.epoch, view.top, two.counters.healed]).toEqual([epoch, 2, 1]);
  });

  test("beyond what is held, it is told as a break", async () => {
    const [one, two] = (await startNodes(2, { historySize: 5 })) as [BrokerNode, BrokerNode];
    const view = await two.follow("t");
    await one.publish("t", "m1");
    await until(() => view.top === 1, 3000, "the first");
    await redis.cli(
      "XADD",
      one.keys.stream("t"),
      "9-0",
      "n",
      "1",
      "t",
      `${Date.now()}`,
      "b",
      "0",
      "p",
      '1 m ,"data":9}',
    );
    await redis.cli("HSET", one.keys.position("t"), "top", "9");
    await until(() => view.top === 9, 6000, "the last");
    expect(two.sink.breaksOf("t")).toMatchObject([{ epoch: view.epoch, offset: 8 }]);
    expect(two.sink.offsetsOf("t")).toEqual([1, 9]);
  });

  test("others' writing to Redis harms nobody", async () => {
    const [one] = (await startNodes(1)) as [BrokerNode];
    const view = await one.follow("t");
    const channel = one.keys.channel("t");
    for (const text of [
      "",
      "garbage",
      "p",
      "pe 1 1\nx",
      `p${view.epoch} 1 1\nno line`,
      "u\nno line",
      'j"',
      "e",
    ]) {
      await redis.cli("PUBLISH", channel, text);
    }
    await one.publish("t", "m1");
    await until(() => one.messagesOf("t").length === 1, 3000, "the publication");
    expect(one.sink.offsetsOf("t")).toEqual([1]);
    expect(one.counters.invalid).toBeGreaterThanOrEqual(5);
    await redis.cli("SET", one.keys.position("wrong-type"), "x");
    const outcome = await one.broker.publish({
      topic: "wrong-type",
      event: "message",
      message: "m",
      store: true,
    });
    expect(outcome).toBeInstanceOf(Failure);
    expect((await one.publish("t", "m2")).offset).toBe(2);
  });
});

describe("a Redis that lost what it knew", () => {
  test("restarted without persistence it begins a new epoch, told before anything of it", async () => {
    const own = await startRedis();
    const [one] = (await startNodes(1, { redis: { url: own.url } })) as [BrokerNode];
    try {
      const view = await one.follow("t");
      const before = await one.publish("t", "m1");
      await until(() => view.top === 1, 3000, "the first");
      await own.restart();
      await one.isUp();
      await until(() => one.sink.breaksOf("t").length > 0, 5000, "the break");
      const after = await one.publish("t", "m2");
      expect(after.epoch).not.toBe(before.epoch);
      await until(() => one.messagesOf("t").length === 2, 3000, "the second");
      expect(one.sink.breaksOf("t")).toMatchObject([{ epoch: after.epoch, offset: 0 }]);
    } finally {
      await own.stop();
    }
  });

  test("one that writes everything to disk first goes on in its epoch", async () => {
    const own = await startRedis({ persistence: "aof" });
    const [one] = (await startNodes(1, { redis: { url: own.url } })) as [BrokerNode];
    try {
      await one.follow("t");
      const before = await one.publish("t", "m1");
      await own.restart();
      await one.isUp();
      expect(await one.publish("t", "m2")).toMatchObject({ epoch: before.epoch, offset: 2 });
      await until(() => one.messagesOf("t").length === 2, 3000, "the second");
      expect(one.sink.breaksOf("t")).toEqual([]);
    } finally {
      await own.stop();
    }
  });

  test("FLUSHALL is noticed though nobody publishes", async () => {
    const own = await startRedis();
    const [one] = (await startNodes(1, { redis: { url: own.url } })) as [BrokerNode];
    try {
      const view = await one.follow("t");
      const before = await one.publish("t", "m1");
      await until(() => view.top === 1, 3000, "the first");
      await own.cli("FLUSHALL");
      await until(() => one.sink.breaksOf("t").length > 0, 5000, "the break");
      expect(view.epoch).not.toBe(before.epoch);
    } finally {
      await own.stop();
    }
  });

  test("one that went back in time is caught by whoever saw more, even if it is vouched for", async () => {
    const [one] = (await startNodes(1, { redis: { durable: "yes" } })) as [BrokerNode];
    const view = await one.follow("t");
    for (const message of ["m1", "m2", "m3"]) await one.publish("t", message);
    await until(() => view.top === 3, 3000, "three");
    const { epoch } = view;
    await redis.cli("HSET", one.keys.position("t"), "top", "1");
    const after = await one.publish("t", "m4");
    expect(after.epoch).not.toBe(epoch);
    await until(() => one.messagesOf("t").includes("m4"), 3000, "the fourth");
    expect(one.sink.breaksOf("t")).toHaveLength(1);
  });
});

describe("without Redis", () => {
  test("REDIS_DOWN=local: this node alone, without positions; back in order afterwards", async () => {
    const own = await startRedis();
    const [one] = (await startNodes(1, {
      redis: { url: own.url },
      broker: { whenDown: "local" },
    })) as [BrokerNode];
    try {
      const view = await one.follow("t");
      await one.publish("t", "m1");
      await until(() => view.top === 1, 3000, "the first");
      await own.kill();
      await until(() => !one.broker.isConnected, 3000, "the loss");
      expect(await one.broker.publish({ topic: "t", event: "message", message: "alone", store: true })).toBe(
        "local",
      );
      expect(JSON.parse(one.sink.publications.at(-1)!.frame)).toMatchObject({
        local: true,
        message: "alone",
      });
      expect(JSON.parse(one.sink.publications.at(-1)!.frame)).not.toHaveProperty("offset");
      expect(await one.broker.check()).toBeNull();
      const cold = await one.follow("cold");
      expect(cold.top).toBe(0);
      await own.restart();
      await one.isUp();
      await until(() => one.sink.breaksOf("cold").length > 0, 5000, "where it really stands");
      expect((await one.publish("cold", "m")).epoch).toBe(cold.epoch);
    } finally {
      await own.stop();
    }
  });

  test("REDIS_DOWN=fail: publishing fails at once, what is asked fails as well, and check says so", async () => {
    const own = await startRedis();
    const [one] = (await startNodes(1, { redis: { url: own.url } })) as [BrokerNode];
    try {
      expect(await one.broker.check()).toBeNull();
      await own.kill();
      await until(() => !one.broker.isConnected, 3000, "the loss");
      const started = performance.now();
      const { broker } = one;
      const failures = await Promise.all([
        broker.publish({ topic: "t", event: "message", message: "m", store: true }),
        broker.history({ topic: "t", limit: 1, bytesMax: 1 }),
        broker.describe("t"),
        broker.topics("", 10),
        broker.clearHistory("t"),
        broker.presence("t"),
        broker.check(),
      ]);
      expect(failures.map((failure) => (failure instanceof Failure ? failure.code : failure))).toEqual(
        new Array(7).fill("unavailable"),
      );
      expect(performance.now() - started).toBeLessThan(500);
      expect(await broker.kept("notifications")).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});

describe("bounds", () => {
  test("what Redis holds of a topic is trimmed, and expires", async () => {
    const [one] = (await startNodes(1, { historySize: 50 })) as [BrokerNode];
    for (let round = 0; round < 30; round++) {
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => one.publish("t", "m", { key: `k${round}-${index}` })),
      );
    }
    const stream = one.keys.stream("t");
    expect(Number(await redis.cli("XLEN", stream))).toBeLessThanOrEqual(60);
    expect(Number(await redis.cli("ZCARD", one.keys.idempotencyAge("t")))).toBe(300);
    for (const key of [
      stream,
      one.keys.position("t"),
      one.keys.idempotency("t"),
      one.keys.idempotencyAge("t"),
    ]) {
      expect(Number(await redis.cli("PTTL", key))).toBeGreaterThan(60_000);
    }
    const page = await one.broker.history({ topic: "t", limit: 1000, bytesMax: 1_000_000 });
    if (page instanceof Failure) throw new Error(page.message);
    expect(page.publications.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 50 }, (_, index) => 251 + index),
    );
  });

  test("large publications are trimmed by their bytes", async () => {
    const [one] = (await startNodes(1)) as [BrokerNode];
    for (let count = 0; count < 40; count++) await one.publish("t", "x".repeat(60_000));
    const bytes =
      Number(await redis.cli("STRLEN", "none")) +
      Number(await redis.cli("MEMORY", "USAGE", one.keys.stream("t"), "SAMPLES", "0"));
    expect(bytes).toBeLessThan(1.5 * 1024 * 1024);
  });

  test("of all topics that a node follows it holds no more than it may, and Redis has the rest", async () => {
    const [one] = (await startNodes(1, { broker: { historyBytesMax: 200_000 } })) as [BrokerNode];
    for (let number = 0; number < 10; number++) {
      const view = await one.follow(`t${number}`);
      await one.publish(`t${number}`, "x".repeat(40_000));
      await until(() => view.top === 1, 3000, "its delivery");
    }
    const { evictedTopics, historyBytes } = one.broker.usage();
    expect(historyBytes).toBeLessThanOrEqual(200_000);
    expect(evictedTopics).toBeGreaterThan(3);
    expect(await one.broker.history({ topic: "t0", limit: 1, bytesMax: 1_000_000 })).toMatchObject({
      offset: 1,
    });
  });

  test("those who ask for the same page at the same time share one read", async () => {
    const [one] = (await startNodes(1)) as [BrokerNode];
    for (let count = 0; count < 20; count++) await one.publish("t", "m");
    await redis.cli("CONFIG", "RESETSTAT");
    await Promise.all(
      Array.from({ length: 500 }, () => one.broker.history({ topic: "t", limit: 20, bytesMax: 10_000 })),
    );
    const calls = /cmdstat_xrevrange:calls=(\d+)/.exec(await redis.cli("INFO", "commandstats"))?.[1];
    expect(Number(calls)).toBe(1);
  });
});
