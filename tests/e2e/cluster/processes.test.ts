import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller } from "../seeds/support/bridge-caller.ts";

// Processes are started, and hang.
setDefaultTimeout(20_000);

let redis: RedisServer;
const servers: SpawnedServer[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await redis.cli("FLUSHALL");
});

interface NodeFacts {
  readonly node: string;
  readonly pid: number;
}

/** Two processes that know each other. */
async function startTwo(env: Record<string, string> = {}): Promise<[SpawnedServer, SpawnedServer]> {
  const started = await Promise.all([
    spawnServer({ env: { REDIS_URL: redis.url, ...env } }),
    spawnServer({ env: { REDIS_URL: redis.url, ...env } }),
  ]);
  servers.push(...started);
  for (const { url } of started) {
    await until(async () => (await fetch(`${url}/ready`)).status === 200, 5000, "readiness");
    await until(async () => (await nodesOf(url)).length === 2, 5000, "knowledge of both nodes");
  }
  return started;
}

async function nodesOf(url: string): Promise<readonly NodeFacts[]> {
  const answer = await fetch(`${url}/nodes`);
  return ((await answer.json()) as { nodes: NodeFacts[] }).nodes;
}

async function post(url: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url, { method: "POST", ...init });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test("two processes serve users as one: pushes, requests, subscriptions, replaced WebSockets", async () => {
  const [one, two] = await startTwo({ DUPLICATE_USER: "replace" });
  expect(new Set((await nodesOf(one.url)).map(({ pid }) => pid))).toEqual(
    new Set([one.process.pid, two.process.pid]),
  );
  const first = await WebSocketClient.welcomed(two.url, "user_id=alice");
  expect((await post(`${one.url}/notify?message=Lunch`)).body.message).toBe("Notification sent to 1 clients");
  expect((await post(`${one.url}/sse/push`, { user_id: "alice", message: "hi" })).body.offset).toBe(1);
  expect((await first.next("message")).message).toBe("hi");
  const answers = await new BridgeCaller(one.url).send({ user_id: "alice", message: "?" });
  const { correlation_id } = await first.next("request");
  first.send({ type: "response", correlation_id, data: "yes", final: true });
  expect((await answers.all()).map(({ data }) => data.data)).toEqual(["yes"]);
  const subscribed = await post(`${one.url}/users/alice/subscribe`, { topic: "news" });
  expect(subscribed.body).toEqual({ user_id: "alice", topics: ["news"], connections: 1 });
  expect((await first.next(({ topic }) => topic === "news")).type).toBe("subscribed");
  const second = await WebSocketClient.welcomed(one.url, "user_id=alice&topics=");
  expect((await first.closed).code).toBe(4409);
  expect((await post(`${two.url}/users/alice/disconnect`)).body).toEqual({
    user_id: "alice",
    disconnected: 1,
  });
  expect((await second.closed).code).toBe(4403);
});

test("a process that is killed is not waited for, and is named as long as it is not known to be lost", async () => {
  const [one, two] = await startTwo();
  const [survivor] = (await nodesOf(one.url)) as [NodeFacts, NodeFacts];
  const killed = (await nodesOf(two.url))[0]!;
  const alice = await WebSocketClient.welcomed(two.url, "user_id=alice");
  const bob = await WebSocketClient.welcomed(one.url, "user_id=bob");
  expect((await post(`${one.url}/notify?message=x`)).body.message).toBe("Notification sent to 2 clients");
  two.process.kill("SIGKILL");
  await alice.closed;
  const listening = () => redis.cli("PUBSUB", "NUMSUB", "fanfare:{//nodes}");
  await until(async () => (await listening()).endsWith("\n1"), 2000, "Redis' own notice of it");
  const started = performance.now();
  expect((await post(`${one.url}/sse/push`, { user_id: "alice", message: "hi" })).status).toBe(404);
  expect((await post(`${one.url}/notify?message=x`)).body.message).toBe("Notification sent to 1 clients");
  expect((await post(`${one.url}/users/alice/disconnect`)).body).toEqual({
    user_id: "alice",
    disconnected: 0,
    unanswered_nodes: [killed.node],
  });
  expect(performance.now() - started).toBeLessThan(900);
  expect(survivor.node).not.toBe(killed.node);
  await bob.close();
});

test("a process that hangs costs a second, and then is left out", async () => {
  const [one, two] = await startTwo();
  await WebSocketClient.welcomed(two.url, "user_id=alice");
  process.kill(two.process.pid, "SIGSTOP");
  const started = performance.now();
  expect((await post(`${one.url}/notify?message=x`)).body.message).toBe("Notification sent to 0 clients");
  expect((await post(`${one.url}/sse/push`, { user_id: "alice", message: "hi" })).status).toBe(404);
  expect(performance.now() - started).toBeLessThan(3500);
  process.kill(two.process.pid, "SIGCONT");
  await until(async () => (await post(`${one.url}/sse/push`, { user_id: "alice", data: 1 })).status === 200);
});
