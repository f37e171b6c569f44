import { describe, expect } from "bun:test";
import { startRedis } from "../support/redis-server.ts";
import { faultTest } from "./support/fault-test.ts";
import { Load } from "./support/load.ts";
import { startNodes } from "./support/nodes.ts";

const topics = ["news", "sport", "weather"];

describe("Redis is killed and started again, under load", () => {
  faultTest("with every write on disk: nothing is lost, the epochs go on", async (run) => {
    const redis = await startRedis({ persistence: "aof" });
    run.cleanUp.defer(() => redis.stop());
    const nodes = await startNodes(2, redis.url, run.cleanUp);
    const load = await Load.start({ urls: nodes.map(({ url }) => url), topics, random: run.random });
    run.cleanUp.defer(() => load.close());
    for (let round = 0; round < run.choose(3, 20); round++) {
      await load.untilMoreAcknowledged(run.random.integer(100, 800));
      await redis.kill();
      await Bun.sleep(run.random.integer(0, 600));
      await redis.restart();
      expect(await load.untilAcknowledging()).toBeLessThan(2_000);
    }
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(topics.length);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });
});
