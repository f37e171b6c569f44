import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { type RedisCluster, startRedisCluster } from "../../support/redis-cluster.ts";
import { until } from "../../support/until.ts";
import { PresenceNode } from "./presence-node.ts";

let redis: RedisCluster;
const nodes: PresenceNode[] = [];

beforeAll(async () => {
  redis = await startRedisCluster();
}, 30_000);
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
});
afterAll(async () => {
  await redis?.stop();
});

async function start(count: number): Promise<PresenceNode[]> {
  const clusterNodes = redis.addresses.split(",").map((address) => `redis://${address}`);
  const started = Array.from({ length: count }, () => {
    return new PresenceNode({ clusterNodes }, { prefix: "test:" });
  });
  nodes.push(...started);
  const areThere = () =>
    started.every(({ directory }) => directory.isRegistered && directory.ids().length === count);
  await until(areThere, 5000, "all nodes in all directories");
  return started;
}

async function connectionsIn(node: PresenceNode, topics: readonly string[]): Promise<number> {
  const seen = await Promise.all(topics.map((topic) => node.presence.presence(topic)));
  return seen.reduce(
    (sum, presence) => (presence instanceof Failure ? Number.NaN : sum + presence.connections),
    0,
  );
}

test("topics of all slots are written, renewed, and swept when a node is lost", async () => {
  const [dead, alive] = await start(2);
  const topics = Array.from({ length: 300 }, (_, index) => `topic${index}`);
  for (const topic of topics) {
    dead!.presence.enter(topic, "alice");
    alive!.presence.enter(topic, "bob");
  }
  await until(async () => (await connectionsIn(alive!, topics)) === 600, 3000, "all of both");
  expect(alive!.calls.get("presence-write")!.atOnceMax).toBeLessThanOrEqual(128);
  await dead!.kill();
  await until(async () => (await connectionsIn(alive!, topics)) === 300, 3000, "one alone");
  const fieldsOf = async (topic: string) => {
    const holder = redis.nodes[await redis.holderOf(alive!.keys.presence(topic))]!;
    return (await holder.cli("HKEYS", alive!.keys.presence(topic)))
      .split("\n")
      .filter((field) => field !== "");
  };
  await until(async () => Bun.deepEquals(await fieldsOf("topic299"), ["bob"]), 3000, "the end of alice");
  await alive!.presence.close();
  const sizes = await Promise.all(redis.nodes.map((node) => node.cli("DBSIZE")));
  // The directory is what is left.
  expect(sizes.reduce((sum, size) => sum + Number(size), 0)).toBe(1);
}, 20_000);

test("one node of the Redis Cluster that is lost does not hold up what the others keep", async () => {
  const [one, two] = await start(2);
  const holderOfDirectory = await redis.holderOf(one!.keys.nodes);
  const lostHolder = (holderOfDirectory + 1) % 3;
  const topics = Array.from({ length: 60 }, (_, index) => `topic${index}`);
  const holders = await Promise.all(topics.map((topic) => redis.holderOf(one!.keys.presence(topic))));
  const [kept, lost] = [true, false].map((isKept) =>
    topics.filter((_, index) => (holders[index] !== lostHolder) === isKept),
  ) as [string[], string[]];
  await Promise.all(
    redis.nodes.map((node) => node.cli("CONFIG", "SET", "cluster-require-full-coverage", "no")),
  );
  await redis.killOne(lostHolder);
  await until(() => !one!.connection.isUp && !two!.connection.isUp, 5000, "the loss");
  for (const topic of topics) one!.presence.enter(topic, "alice");
  await until(async () => (await connectionsIn(two!, kept)) === kept.length, 4000, "what can be written");
  expect(await two!.presence.presence(lost[0]!)).toMatchObject({ code: "unavailable" });
  await redis.restartOne(lostHolder);
  await until(async () => (await connectionsIn(two!, topics)) === topics.length, 8000, "all of it");
}, 40_000);
