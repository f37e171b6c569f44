import { describe, expect } from "bun:test";
import { faultTest } from "./support/fault-test.ts";
import { loadTopics } from "./support/load.ts";
import { startUnderLoad } from "./support/under-load.ts";

describe("Redis ends the connections that listen, again and again", () => {
  faultTest("what was published meanwhile is read from the stream: no break, no loss", async (run) => {
    const { redis, load } = await startUnderLoad(run);
    for (let round = 0; round < run.choose(5, 60); round++) {
      await Bun.sleep(run.random.integer(600, 1_000));
      expect(Number(await redis.cli("CLIENT", "KILL", "TYPE", "pubsub"))).toBeGreaterThan(0);
    }
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.refusals).toBe(0);
  });
});
