import { describe, expect } from "bun:test";
import { startRedis } from "../support/redis-server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { faultTest } from "./support/fault-test.ts";
import { startNodes } from "./support/nodes.ts";

describe("one idempotency key at two nodes at once", () => {
  faultTest("both are given the same position, and it is delivered once", async ({ cleanUp, choose }) => {
    const redis = await startRedis();
    cleanUp.defer(() => redis.stop());
    const nodes = await startNodes(2, redis.url, cleanUp);
    const clients = await Promise.all(nodes.map(({ url }) => WebSocketClient.welcomed(url, "topics=")));
    for (const client of clients) await client.request({ type: "subscribe", topic: "news" });
    const races = choose(200, 10_000);
    for (let race = 0; race < races; race++) {
      const answers = await Promise.all(
        clients.map((client) =>
          client.request({ type: "publish", topic: "news", message: `m${race}`, key: `k${race}` }),
        ),
      );
      const [first, second] = answers.map(({ type, epoch, offset }) => ({ type, epoch, offset }));
      expect(first).toMatchObject({ type: "ack", offset: race + 1 });
      expect(second!).toEqual(first!);
    }
    for (const client of clients) {
      await client.next(({ offset, ts }) => ts !== undefined && offset === races);
      const offsets = client.received.filter(({ ts }) => ts !== undefined).map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: races }, (_, index) => index + 1));
    }
  });
});
