import { describe, expect } from "bun:test";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { until } from "../support/until.ts";
import { type FaultRun, faultTest } from "./support/fault-test.ts";
import { Load, type LoadOptions, loadTopics } from "./support/load.ts";
import { Workers } from "./support/workers.ts";

/** Publishers on a port of several workers: so many that hardly ever one worker gets them all. */
const publishers = 6;

async function startWorkers(
  { cleanUp, random }: FaultRun,
  count: number,
  { env = {}, ...options }: { env?: Record<string, string> } & Partial<LoadOptions> = {},
) {
  const redis = await startRedis();
  cleanUp.defer(() => redis.stop());
  const workers = await Workers.start(count, redis.url, cleanUp, env);
  const urls = Array.from({ length: publishers }, () => workers.url);
  const load = await Load.start({ urls, random, ...options });
  cleanUp.defer(() => load.close());
  return { redis, workers, load };
}

/** How often Redis was given these commands since its last RESETSTAT. */
async function callsOf(redis: RedisServer, commands: readonly string[]): Promise<number> {
  const stats = await redis.cli("INFO", "commandstats");
  const calls = commands.map((name) =>
    Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0),
  );
  return calls.reduce((total, count) => total + count, 0);
}

describe("several workers on one port", () => {
  faultTest("one is killed in mid-publish, and again: no break, no loss", async (run) => {
    const { workers, load } = await startWorkers(run, 2);
    for (let round = 0; round < run.choose(2, 50); round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 800));
      await workers.kill(run.random.pick(workers.pids));
      await load.untilLive();
      expect(await load.untilAcknowledging()).toBeLessThan(2_000);
    }
    const report = await load.finish();
    expect(report.losses).toBeGreaterThan(0);
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });

  faultTest("all are replaced one by one: no break, no loss, nothing refused", async (run) => {
    const { workers, load } = await startWorkers(run, 3, { env: { DRAIN_RATE: "100" } });
    for (let round = 0; round < run.choose(1, 10); round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 800));
      await workers.replaceAll();
    }
    await until(() => load.subscribers.every(({ losses }) => losses > 0), 10_000, "everybody moved");
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.refusals).toBe(0);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });

  faultTest("a storm of clients comes back at once: all resume, and Redis is hardly asked", async (run) => {
    const clients = run.choose(500, 5_000);
    const { redis, workers, load } = await startWorkers(run, 2, {
      subscribers: Math.ceil(clients / publishers),
      topics: ["news"],
      ratePerSecond: 100,
    });
    await load.untilMoreAcknowledged(50);
    await redis.cli("CONFIG", "RESETSTAT");
    await workers.kill(run.random.pick(workers.pids));
    await load.untilLive();
    await load.untilMoreAcknowledged(50);
    // Those who come now find workers that know nothing yet.
    await workers.kill(...workers.pids);
    await load.untilLive();
    const reads = await callsOf(redis, ["xrange", "xrevrange"]);
    const report = await load.finish();
    expect(report.losses).toBeGreaterThan(clients);
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(1);
    expect(reads).toBeLessThan(20);
  });
});
