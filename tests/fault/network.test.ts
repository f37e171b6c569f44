import { describe, expect } from "bun:test";
import { startRedis } from "../support/redis-server.ts";
import { TcpProxy } from "../support/tcp-proxy/tcp-proxy.ts";
import { type FaultRun, faultTest } from "./support/fault-test.ts";
import { loadTopics } from "./support/load.ts";
import { startNode } from "./support/nodes.ts";
import { startLoad } from "./support/under-load.ts";

/** A server that reaches Redis through the proxy, and one that reaches it directly, under load. */
async function startBehindProxy({ cleanUp, random }: FaultRun) {
  const redis = await startRedis();
  cleanUp.defer(() => redis.stop());
  const proxy = TcpProxy.start(redis.port);
  cleanUp.defer(() => proxy.stop());
  const nodes = await Promise.all([
    startNode(`redis://127.0.0.1:${proxy.port}`, cleanUp),
    startNode(redis.url, cleanUp),
  ]);
  const load = await startLoad(nodes, { random, ratePerSecond: 400 }, cleanUp);
  return { proxy, load };
}

const faults: readonly (readonly [name: string, strike: (proxy: TcpProxy) => void])[] = [
  ["cuts every connection", (proxy) => proxy.cutConnections()],
  ["cuts every connection and refuses new ones", (proxy) => proxy.cut()],
  ["swallows what the node says", (proxy) => proxy.blackhole("to server")],
  ["swallows what Redis says", (proxy) => proxy.blackhole("to client")],
  ["swallows everything", (proxy) => proxy.blackhole()],
  ["delays everything by 300 ms", (proxy) => proxy.delay(300)],
  ["cuts everything into bytes", (proxy) => proxy.slice(1)],
];

describe("the network between one node and Redis", () => {
  faultTest("does everything that networks do: no break, no loss", async (run) => {
    const { proxy, load } = await startBehindProxy(run);
    for (let round = 0; round < run.choose(1, 12); round++) {
      for (const [name, strike] of run.random.shuffled(faults)) {
        await load.untilMoreAcknowledged(run.random.integer(20, 200));
        strike(proxy);
        await Bun.sleep(run.random.integer(300, 1_500));
        proxy.heal();
        expect([name, (await load.untilAcknowledging()) < 2_000]).toEqual([name, true]);
      }
    }
    const report = await load.finish();
    expect(report.breaks).toBe(0);
    expect(report.epochs).toBe(loadTopics.length);
    expect(report.losses).toBe(0);
    expect(report.slowestAnswerMs).toBeLessThan(2_000);
  });
});
