import { describe, expect } from "bun:test";
import { until } from "../support/until.ts";
import { faultTest } from "./support/fault-test.ts";
import { loadTopics } from "./support/load.ts";
import { startUnderLoad } from "./support/under-load.ts";

describe("all data of Redis is flushed", () => {
  faultTest("under load: a new epoch each time, and every subscriber is told", async (run) => {
    const { redis, load } = await startUnderLoad(run);
    const rounds = run.choose(3, 50);
    const told = load.subscribers.length * loadTopics.length;
    for (let round = 1; round <= rounds; round++) {
      await load.untilMoreAcknowledged(run.random.integer(50, 500));
      await redis.cli("FLUSHALL");
      await until(() => load.breaksTold >= told * round, 5_000, "every subscriber told of the new epoch");
    }
    const report = await load.finish();
    expect(report.breaks).toBe(told * rounds);
    expect(report.epochs).toBe(loadTopics.length * (rounds + 1));
    expect(report.losses).toBe(0);
  });

  faultTest("while nobody publishes: every subscriber is told all the same", async (run) => {
    const { redis, load } = await startUnderLoad(run);
    await load.untilMoreAcknowledged(100);
    for (const publisher of load.publishers) publisher.stop();
    await until(() => load.publishers.every(({ unacknowledged }) => unacknowledged === 0));
    await redis.cli("FLUSHALL");
    const told = load.subscribers.length * loadTopics.length;
    await until(() => load.breaksTold >= told, 5_000, "every subscriber told of the new epoch");
    const report = await load.finish();
    expect(report.breaks).toBe(told);
  });
});
