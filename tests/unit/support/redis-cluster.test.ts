import { expect, test } from "bun:test";
import {
  type RedisCluster,
  type RedisClusterOptions,
  startRedisCluster,
} from "../../support/redis-cluster.ts";
import { until } from "../../support/until.ts";

async function withCluster(
  options: RedisClusterOptions,
  run: (cluster: RedisCluster) => Promise<void>,
): Promise<void> {
  const cluster = await startRedisCluster(options);
  try {
    await run(cluster);
  } finally {
    await cluster.stop();
  }
}

test("three masters hold all slots; one that is lost and comes back has its place again", async () => {
  await withCluster({ persistence: "aof" }, async (cluster) => {
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const holders = await Promise.all(keys.map((key) => cluster.holderOf(key)));
    expect(new Set(holders)).toEqual(new Set([0, 1, 2]));
    const holder = cluster.nodes[holders[0]!]!;
    await holder.cli("SET", keys[0]!, "here");
    await cluster.killOne(holders[0]!);
    await cluster.restartOne(holders[0]!);
    await cluster.waitUntilWhole();
    expect(await holder.cli("GET", keys[0]!)).toBe("here");
  });
}, 20_000);

test("a replica takes the place of its master", async () => {
  await withCluster({ withReplicas: true }, async (cluster) => {
    await cluster.killOne(0);
    await cluster.waitUntilWhole();
    await until(
      async () => (await cluster.nodes[3]!.cli("ROLE")).startsWith("master"),
      5000,
      "its promotion",
    );
  });
}, 20_000);
