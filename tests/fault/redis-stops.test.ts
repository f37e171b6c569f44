import { describe, expect } from "bun:test";
import { until } from "../support/until.ts";
import { faultTest } from "./support/fault-test.ts";
import { loadTopics } from "./support/load.ts";
import { isReady } from "./support/nodes.ts";
import { startUnderLoad } from "./support/under-load.ts";

describe("Redis hangs, with its connections open", () => {
  faultTest("publishing fails within a second, and goes on within two once Redis does", async (run) => {
    const { redis, nodes, load } = await startUnderLoad(run);
    await load.untilMoreAcknowledged(500);
    redis.pause();
    const pausedAt = performance.now();
    await until(() => load.publishers.every(({ refusals }) => refusals > 0), 1_500, "refusals at every node");
    const areUnready = async () => !(await Promise.all(nodes.map(({ url }) => isReady(url)))).includes(true);
    await until(areUnready, 2_000, "no node ready");
    await Bun.sleep(run.choose(5_000, 30_000) - (performance.now() - pausedAt));
    const refusals = load.refusals;
    redis.resume();
    expect(await load.untilAcknowledging()).toBeLessThan(2_000);
    await until(async () => (await Promise.all(nodes.map(({ url }) => isReady(url)))).every(Boolean), 2_000);
    const report = await load.finish();
    // All the time they were told at once, not after a deadline each.
    expect(refusals).toBeGreaterThan(500);
    expect(report.slowestAnswerMs).toBeLessThan(1_500);
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.losses).toBe(0);
  });
});
