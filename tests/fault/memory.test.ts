import { describe, expect } from "bun:test";
import { residentBytes } from "../../bench/measure/process-usage.ts";
import type { SpawnedServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { Churn } from "./support/churn.ts";
import { faultTest } from "./support/fault-test.ts";
import { startUnderLoad } from "./support/under-load.ts";

/** Full rings are no leak: with this they are full within seconds. */
const env = { HISTORY_SIZE: "50" };

describe("memory", () => {
  faultTest("is flat while topics and connections come and go", async (run) => {
    const { nodes, load } = await startUnderLoad(run, { ratePerSecond: 200, env });
    const urls = nodes.map(({ url }) => url);
    const churn = new Churn({ urls, random: run.random, connectionsPerSecond: run.choose(120, 50) });
    run.cleanUp.defer(() => churn.stop());
    const samples: number[] = [];
    for (let second = 0; second < run.choose(12, 600); second++) {
      await Bun.sleep(1000);
      samples.push(nodes.reduce((sum, { process }) => sum + residentBytes(process.pid), 0));
    }
    churn.stop();
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(churn.count).toBeGreaterThan(samples.length * 40);
    await until(async () => (await Promise.all(nodes.map(isEmpty))).every(Boolean), 15_000, "empty servers");
    // Between two collections of garbage memory always grows: what counts is where it falls back to.
    const [early, late] = [lowest(samples, 0.4, 0.6), lowest(samples, 0.8, 1)];
    expect(late / early).toBeLessThan(run.choose(1.25, 1.1));
  });
});

function lowest(samples: readonly number[], from: number, until: number): number {
  return Math.min(...samples.slice(samples.length * from, samples.length * until));
}

/** Whether it holds nothing any more of all those who were there. */
async function isEmpty({ url }: SpawnedServer): Promise<boolean> {
  const response = await fetch(`${url}/status`);
  const status = (await response.json()) as {
    topics: number;
    subscriptions: number;
    active_connections: number;
    connected_users: number;
    broker: { topics: number; history_bytes: number };
  };
  const { topics, subscriptions, active_connections, connected_users, broker } = status;
  const held = [
    topics,
    subscriptions,
    active_connections,
    connected_users,
    broker.topics,
    broker.history_bytes,
  ];
  return held.every((amount) => amount === 0);
}
