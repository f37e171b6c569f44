import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../support/until.ts";
import { useNodes } from "./use-nodes.ts";

// Redis is started and waited for again and again.
setDefaultTimeout(20_000);

const nodes = useNodes(2, { duplicateUser: "replace" });

let users = 0;
const someone = () => `user-${++users}`;

const isReady = async (node: number) => (await fetch(`${nodes.url(node)}/ready`)).status === 200;

/** Redis is gone, and both nodes know. */
async function loseRedis(): Promise<void> {
  await nodes.redis.kill();
  for (const node of [0, 1]) await until(async () => !(await isReady(node)));
}

async function bringRedisBack(): Promise<void> {
  await nodes.redis.restart();
  for (const node of [0, 1]) await until(() => isReady(node));
}

beforeEach(async () => {
  for (const node of [0, 1]) await until(() => isReady(node));
});

test("who disconnects a user is told that only this node could be reached", async () => {
  const alice = someone();
  const [here, there] = [
    await nodes.connect(0, `topics=&user_id=${alice}`),
    await nodes.connect(1, `topics=&user_id=${someone()}`),
  ];
  await loseRedis();
  const { status, body } = await nodes.post(0, `/users/${alice}/disconnect`);
  expect([status, body.error.code]).toEqual([503, "unavailable"]);
  expect((await here.closed).code).toBe(4403);
  expect((await there.request({ type: "ping" })).type).toBe("pong");
  await bringRedisBack();
  expect((await nodes.post(0, `/users/${alice}/disconnect`)).body).toEqual({
    user_id: alice,
    disconnected: 0,
  });
});

test("a request goes to the connections of this node, and is refused for users who may be elsewhere", async () => {
  const alice = someone();
  const client = await nodes.connect(0, `topics=&user_id=${alice}`);
  await loseRedis();
  const elsewhere = await nodes.post(0, "/sse/send", { user_id: someone(), message: "?" });
  expect([elsewhere.status, elsewhere.body.error.code]).toEqual([503, "unavailable"]);
  const push = await nodes.post(0, "/sse/push", { user_id: someone(), message: "hi" });
  expect([push.status, push.body.error.code]).toEqual([503, "unavailable"]);
  const answers = await nodes.send(0, { user_id: alice, message: "?" });
  const { correlation_id } = await client.next("request");
  client.send({ type: "response", correlation_id, data: "yes", final: true });
  expect((await answers.all()).map(({ data }) => data.data)).toEqual(["yes"]);
  await bringRedisBack();
});

test("WebSockets of one user on two nodes stay until the nodes can talk again, and then one does", async () => {
  const alice = someone();
  await loseRedis();
  const [first, second] = await Promise.all([
    nodes.connect(0, `topics=&user_id=${alice}`),
    nodes.connect(1, `topics=&user_id=${alice}`),
  ]);
  for (const client of [first, second]) expect((await client.request({ type: "ping" })).type).toBe("pong");
  await bringRedisBack();
  expect((await Promise.race([first.closed, second.closed])).code).toBe(4409);
  await until(async () => {
    const open = await Promise.all([0, 1].map((node) => nodes.get(node, "/status")));
    return open.reduce((sum, { body }) => sum + body.connected_users, 0) === 1;
  });
});

test("a Redis that hangs holds nothing up for long", async () => {
  const alice = someone();
  await nodes.connect(1, `topics=&user_id=${alice}`);
  nodes.redis.pause();
  try {
    const started = performance.now();
    const statuses = await Promise.all([
      nodes.post(0, "/sse/push", { user_id: alice, message: "hi" }),
      nodes.post(0, "/sse/send", { user_id: alice, message: "?" }),
      nodes.post(0, `/users/${alice}/subscribe`, { topic: "news" }),
      nodes.post(0, "/notify?message=hi"),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect(performance.now() - started).toBeLessThan(2500);
  } finally {
    nodes.redis.resume();
  }
  for (const node of [0, 1]) await until(() => isReady(node));
  const { status } = await nodes.post(0, "/sse/push", { user_id: alice, message: "hi" });
  expect(status).toBe(200);
});
