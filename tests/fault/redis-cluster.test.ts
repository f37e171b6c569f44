import { describe, expect } from "bun:test";
import { type RedisCluster, startRedisCluster } from "../support/redis-cluster.ts";
import { until } from "../support/until.ts";
import { type FaultRun, faultTest } from "./support/fault-test.ts";
import type { Load } from "./support/load.ts";
import { startNodes } from "./support/nodes.ts";
import { startLoad } from "./support/under-load.ts";

/** So many that each of the three masters has some. */
const topics = Array.from({ length: 12 }, (_, index) => `topic-${index}`);

async function startOnCluster(cluster: RedisCluster, { cleanUp, random }: FaultRun) {
  cleanUp.defer(() => cluster.stop());
  const nodes = await startNodes(2, cluster, cleanUp);
  const load = await startLoad(nodes, { random, topics, ratePerSecond: 400 }, cleanUp);
  return { load };
}

async function topicsOf(cluster: RedisCluster, master: number): Promise<string[]> {
  const holders = await Promise.all(topics.map((topic) => cluster.holderOf(`fanfare:{${topic}}`)));
  return topics.filter((_, index) => holders[index] === master);
}

/** Until each topic has an acknowledgement that came after this call. */
async function untilAll(load: Load, patienceMs: number): Promise<void> {
  const sinceMs = performance.now();
  const all = () => load.topicsAcknowledgedSince(sinceMs).length === topics.length;
  await until(all, patienceMs, "acknowledgements for all topics");
}

describe("a Redis Cluster of three masters loses one", () => {
  faultTest("the others' topics go on, and its own when it is back: no break, no loss", async (run) => {
    const args = ["--cluster-require-full-coverage", "no"];
    const cluster = await startRedisCluster({ persistence: "aof", args });
    const { load } = await startOnCluster(cluster, run);
    for (let round = 0; round < run.choose(1, 20); round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 400));
      const lost = run.random.integer(0, 2);
      const away = await topicsOf(cluster, lost);
      await cluster.killOne(lost);
      // Answers that were on their way are in by then.
      const sinceMs = performance.now() + 200;
      await Bun.sleep(run.random.integer(500, 3_000));
      const others = topics.filter((topic) => !away.includes(topic));
      const goOn = () => others.every((topic) => load.topicsAcknowledgedSince(sinceMs).includes(topic));
      await until(goOn, 2_000, "acknowledgements for the topics of the other masters");
      expect(load.topicsAcknowledgedSince(sinceMs)).toEqual(others);
      await cluster.restartOne(lost);
      await cluster.waitUntilWhole();
      await untilAll(load, 2_000);
    }
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(topics.length);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });

  faultTest(
    "and its replica takes its place: its topics go on in new epochs, the others as before",
    async (run) => {
      const cluster = await startRedisCluster({ withReplicas: true });
      const { load } = await startOnCluster(cluster, run);
      await load.untilMoreAcknowledged(200);
      const lost = run.random.integer(0, 2);
      const moved = await topicsOf(cluster, lost);
      await cluster.killOne(lost);
      await cluster.waitUntilWhole();
      await untilAll(load, 10_000);
      const report = await load.finish();
      expect(report.epochs).toBe(topics.length + moved.length);
      expect(report.breaks).toBe(moved.length * load.subscribers.length);
      expect(report.slowestAnswerMs).toBeLessThan(2_000);
    },
  );
});
