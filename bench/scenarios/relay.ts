import { startRedis } from "../../tests/support/redis-server.ts";
import type { Scenario } from "../scenario.ts";
import { measureCapacity } from "./relay-capacity.ts";
import { compareRelayLatency } from "./relay-latency.ts";
import { compareRelayThroughput } from "./relay-throughput.ts";

/** Several processes on one local redis-server, without persistence. */
export const relay: Scenario = {
  name: "relay",
  byDefault: Bun.which("redis-server") !== null,
  run: async (effort, report) => {
    const redis = await startRedis();
    try {
      await compareRelayThroughput(redis.url, effort, report);
      await compareRelayLatency(redis.url, effort, report);
      await measureCapacity(redis, effort, report);
    } finally {
      await redis.stop();
    }
  },
};
