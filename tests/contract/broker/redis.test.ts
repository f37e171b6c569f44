import { afterAll, beforeAll } from "bun:test";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { brokerContract } from "./broker-contract.ts";
import { redisBrokers } from "./redis-harness.ts";

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
});

brokerContract(
  "redis",
  redisBrokers(
    () => [redis],
    () => ({ url: redis.url }),
  ),
);
