import { describe, expect } from "bun:test";
import { startRedis } from "../support/redis-server.ts";
import { TcpProxy } from "../support/tcp-proxy/tcp-proxy.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { faultTest } from "./support/fault-test.ts";
import { startNode } from "./support/nodes.ts";

const messageBytes = 1_000;

describe("cost grows with interest", () => {
  faultTest(
    "a node without a subscriber of a topic gets none of its messages",
    async ({ cleanUp, choose }) => {
      const redis = await startRedis();
      cleanUp.defer(() => redis.stop());
      const proxy = TcpProxy.start(redis.port);
      cleanUp.defer(() => proxy.stop());
      const [publishing, watched] = await Promise.all([
        startNode(redis.url, cleanUp),
        startNode(`redis://127.0.0.1:${proxy.port}`, cleanUp),
      ]);
      const publisher = await WebSocketClient.welcomed(publishing.url, "topics=news");
      const watcher = await WebSocketClient.welcomed(watched.url, "topics=");
      await watcher.request({ type: "subscribe", topic: "sport" });
      const message = "x".repeat(messageBytes);
      const count = choose(1_000, 20_000);

      /** Bytes and publications that reach the watched node while so many are published to `news`. */
      const publish = async () => {
        const bytesBefore = proxy.bytesToClients;
        const receivedBefore = await receivedBy(watched.url);
        for (let number = 0; number < count; number += 50) {
          const batch = Array.from({ length: 50 }, () =>
            publisher.request({ type: "publish", topic: "news", message }),
          );
          await Promise.all(batch);
        }
        const received = async () => (await receivedBy(watched.url)) - receivedBefore;
        return { bytes: () => proxy.bytesToClients - bytesBefore, received };
      };

      const without = await publish();
      expect(await redis.cli("PUBSUB", "NUMSUB", "fanfare:{news}")).toEndWith("\n1");
      expect(await without.received()).toBe(0);
      expect(without.bytes()).toBeLessThan((count * messageBytes) / 100);

      await watcher.request({ type: "subscribe", topic: "news" });
      const withOne = await publish();
      await until(
        async () => (await withOne.received()) === count,
        5_000,
        "all publications at the watched node",
      );
      expect(withOne.bytes()).toBeGreaterThan(count * messageBytes);

      await watcher.request({ type: "unsubscribe", topic: "news" });
      const isQuiet = async () => (await redis.cli("PUBSUB", "NUMSUB", "fanfare:{news}")).endsWith("\n1");
      await until(isQuiet, 20_000, "the end of the node's subscription");
      const after = await publish();
      expect(await after.received()).toBe(0);
    },
  );
});

/** Publications that have come to a node through Redis, by its own count. */
async function receivedBy(url: string): Promise<number> {
  const status = (await (await fetch(`${url}/status`)).json()) as { relay: { received: number } };
  return status.relay.received;
}
