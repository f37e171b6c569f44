import { describe, expect } from "bun:test";
import { until } from "../support/until.ts";
import { faultTest } from "./support/fault-test.ts";
import { loadTopics } from "./support/load.ts";
import { startUnderLoad } from "./support/under-load.ts";

describe("Redis is killed and started again, under load", () => {
  faultTest("with every write on disk: nothing is lost, the epochs go on", async (run) => {
    const { redis, load } = await startUnderLoad(run, { redis: { persistence: "aof" } });
    for (let round = 0; round < run.choose(3, 20); round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 800));
      await redis.kill();
      await Bun.sleep(run.random.integer(0, 600));
      await redis.restart();
      expect(await load.untilAcknowledging()).toBeLessThan(2_000);
    }
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.refusals).toBeGreaterThan(0);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });

  faultTest("without persistence: a new epoch each time, and every subscriber is told", async (run) => {
    const { redis, load } = await startUnderLoad(run);
    const rounds = run.choose(3, 20);
    const told = load.subscribers.length * loadTopics.length;
    for (let round = 1; round <= rounds; round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 800));
      await redis.kill();
      await Bun.sleep(run.random.integer(0, 600));
      await redis.restart();
      expect(await load.untilAcknowledging()).toBeLessThan(2_000);
      await until(() => load.breaksTold >= told * round, 5_000, "every subscriber told of the new epoch");
    }
    const report = await load.finish();
    expect(report.breaks).toBe(told * rounds);
    expect(report.epochs).toBe(loadTopics.length * (rounds + 1));
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });

  faultTest("it comes back with an older snapshot: no position is handed out twice", async (run) => {
    const { redis, load } = await startUnderLoad(run);
    const rounds = run.choose(1, 10);
    const told = load.subscribers.length * loadTopics.length;
    for (let round = 1; round <= rounds; round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 400));
      await redis.cli("SAVE");
      await load.untilMoreAcknowledged(run.random.integer(100, 400));
      await redis.kill();
      await redis.restart();
      await until(() => load.breaksTold >= told * round, 5_000, "every subscriber told of the new epoch");
    }
    const report = await load.finish();
    expect(report.breaks).toBe(told * rounds);
    expect(report.epochs).toBe(loadTopics.length * (rounds + 1));
  });
});
