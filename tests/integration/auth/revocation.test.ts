import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { startTestServer } from "../../support/server.ts";
import { testSecret } from "../../support/tokens.ts";
import { until } from "../../support/until.ts";
import { refusedUpgrade } from "../../support/upgrade.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { apiKeys, bearer, keys, token, useServer } from "./use-server.ts";

describe("on one node", () => {
  const it = useServer();
  const revoke = (body: object) => it.post("/revocations", body, keys.admin);

  test("a user's connections end at once, and its tokens are refused; a new one is not", async () => {
    const iat = Math.floor(Date.now() / 1000) - 10;
    const old = await token({ subscribe: ["a"] }, { iat });
    const socket = await it.open("topics=", old);
    await socket.next("welcome");
    const stream = await it.stream("topic=a", bearer(old));
    await stream.next("subscribed");
    const others = await it.enter({}, "topics=", { sub: "bob" });
    const { status, body } = await revoke({ user_id: "alice" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ user_id: "alice", disconnected: 2 });
    expect(body.until - body.revoked_at).toBe(30 * 86_400_000);
    expect((await socket.closed).code).toBe(4401);
    expect((await stream.next("error")).data).toMatchObject({ code: "unauthorized" });
    expect(await stream.ended).toBe("end");
    expect(await others.request({ type: "ping" })).toMatchObject({ type: "pong" });
    const refused = await refusedUpgrade(it.url, "", bearer(old));
    expect(refused).toMatchObject({ status: 401, message: expect.stringContaining("revoked") });
    expect((await it.ask("/topics", old)).status).toBe(401);
    // Tokens say the second of their issue: one of the same second cannot be told from one before.
    await Bun.sleep(1100);
    expect((await it.enter({})).welcome.user_id).toBe("alice");
  });

  test("a token is revoked by its id alone", async () => {
    const [one, two] = [
      await it.enter({}, "topics=", { sub: "carol", jti: "t1" }),
      await it.enter({}, "topics=", { sub: "carol", jti: "t2" }),
    ];
    const { body } = await revoke({ token_id: "t1", expires_at: Date.now() + 60_000 });
    expect(body).toMatchObject({ token_id: "t1", disconnected: 1 });
    expect((await one.closed).code).toBe(4401);
    expect(await two.request({ type: "ping" })).toMatchObject({ type: "pong" });
    const again = await token({}, { sub: "carol", jti: "t1" });
    expect((await it.ask("/topics", again)).status).toBe(401);
  });

  test("a revoked token refreshes nothing", async () => {
    const client = await it.enter({}, "topics=", { sub: "dave" });
    await revoke({ token_id: "t9" });
    const revoked = await token({}, { sub: "dave", jti: "t9" });
    expect(await client.request({ type: "refresh", token: revoked })).toMatchObject({ code: "unauthorized" });
  });

  test.each([
    {},
    { user_id: "a", token_id: "b" },
    { user_id: "a b" },
    { token_id: "" },
    { token_id: 7 },
    { user_id: null },
  ])("%j is refused", async (body) => {
    expect((await revoke(body)).status).toBe(422);
  });
});

describe("across nodes", () => {
  let redis: RedisServer;
  let nodes: RunningServer[];
  const start = () => {
    return startTestServer({ jwtSecret: testSecret, apiKeys, jwtClockSkewMs: 0, redisUrl: redis.url });
  };

  beforeAll(async () => {
    redis = await startRedis();
    nodes = [await start(), await start()];
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  });

  const post = (node: number, body: object) =>
    fetch(`${nodes[node]!.url}/revocations`, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(keys.admin) },
      body: JSON.stringify(body),
    });

  test("what one node revokes ends on the others, and counts on one that starts later", async () => {
    const shown = await token({}, { jti: "shared" });
    const client = await WebSocketClient.open(nodes[1]!.url, "topics=", bearer(shown));
    await client.next("welcome");
    expect((await post(0, { token_id: "shared" })).status).toBe(200);
    expect((await client.closed).code).toBe(4401);
    nodes.push(await start());
    for (const { url } of nodes)
      expect(await refusedUpgrade(url, "", bearer(shown))).toMatchObject({ status: 401 });
  });

  test("while Redis is away it counts here, and the caller is told; repeated later it counts everywhere", async () => {
    const shown = await token({}, { jti: "away" });
    await redis.kill();
    const answer = await post(0, { token_id: "away" });
    expect(answer.status).toBe(503);
    expect(await refusedUpgrade(nodes[0]!.url, "", bearer(shown))).toMatchObject({ status: 401 });
    await redis.restart();
    await until(async () => (await post(0, { token_id: "away" })).status === 200, 10_000);
    await until(async () => (await refusedUpgrade(nodes[1]!.url, "", bearer(shown))).status === 401);
  }, 20_000);
});
