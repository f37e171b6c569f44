import { afterAll, beforeAll } from "bun:test";
import { type RedisCluster, startRedisCluster } from "../../support/redis-cluster.ts";
import { brokerContract } from "./broker-contract.ts";
import { redisBrokers } from "./redis-harness.ts";

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 30_000);
afterAll(async () => {
  await cluster?.stop();
});

brokerContract(
  "redis cluster",
  redisBrokers(
    () => cluster.nodes,
    () => ({ clusterNodes: cluster.addresses.split(",").map((address) => `redis://${address}`) }),
  ),
);
