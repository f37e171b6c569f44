import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { BridgeCaller } from "../../e2e/seeds/support/bridge-caller.ts";
import { type RedisCluster, startRedisCluster } from "../../support/redis-cluster.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { startNodes } from "./use-nodes.ts";

let redis: RedisCluster;
let servers: RunningServer[] = [];

beforeAll(async () => {
  redis = await startRedisCluster();
  const redisClusterNodes = redis.addresses.split(",").map((address) => `redis://${address}`);
  servers = await startNodes(3, null, { redisClusterNodes, duplicateUser: "replace" });
}, 30_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await redis?.stop();
});

async function post(node: number, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(servers[node]!.url + path, { method: "POST", ...init });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test("nodes that share a Redis Cluster find users as those that share one Redis do", async () => {
  const first = await WebSocketClient.welcomed(servers[0]!.url, "user_id=alice");
  expect((await post(1, "/sse/push", { user_id: "alice", message: "hi" })).status).toBe(200);
  expect((await first.next("message")).message).toBe("hi");
  expect((await post(1, "/sse/push", { user_id: "nobody", message: "hi" })).status).toBe(404);
  expect((await post(2, "/notify?message=x")).body.message).toBe("Notification sent to 1 clients");
  const answers = await new BridgeCaller(servers[2]!.url).send({ user_id: "alice", message: "?" });
  const { correlation_id } = await first.next("request");
  first.send({ type: "response", correlation_id, data: "yes", final: true });
  expect((await answers.all()).map(({ data }) => data.data)).toEqual(["yes"]);
  const second = await WebSocketClient.welcomed(servers[1]!.url, "user_id=alice&topics=");
  expect((await first.closed).code).toBe(4409);
  const started = performance.now();
  expect((await post(0, "/users/alice/disconnect")).body).toEqual({ user_id: "alice", disconnected: 1 });
  expect(performance.now() - started).toBeLessThan(500);
  expect((await second.closed).code).toBe(4403);
});
