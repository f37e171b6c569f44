import { describe, expect, test } from "bun:test";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { until } from "../../support/until.ts";
import type { WebSocketClient } from "../../support/websocket-client.ts";
import { keys, token, useServer } from "./use-server.ts";

const it = useServer({ authTimeoutMs: 1500, duplicateUser: "reject" });

/** Sends a token as a first frame. */
function authenticate(client: WebSocketClient, shown: string, id?: number): void {
  client.send({ type: "authenticate", token: shown, ...(id === undefined ? {} : { id }) });
}

describe("a WebSocket without a token", () => {
  test("gets nothing: no welcome, no publication, no answer but errors", async () => {
    const client = await it.open("topics=news&user_id=alice");
    await it.publish("news", "m");
    for (const command of [
      { type: "subscribe", topic: "news" },
      { type: "publish", topic: "news", message: "m" },
      { type: "history", topic: "news" },
      { type: "presence", topic: "news" },
      { type: "status_request" },
      { type: "ping" },
      { type: "refresh", token: await token() },
      { type: "response", correlation_id: "c" },
    ]) {
      expect(await client.request(command)).toMatchObject({ type: "error", code: "unauthorized" });
    }
    client.send("hello");
    client.send({ message: "admin: hello" });
    await client.next("error");
    await client.next("error");
    expect(new Set(client.received.map(({ type }) => type))).toEqual(new Set(["error"]));
    expect((await it.ask("/topics/news/presence", keys.subscribe)).body.connections).toBe(0);
  });

  test("is closed with 4401 when it takes too long", async () => {
    const started = Date.now();
    const client = await it.open();
    expect((await client.closed).code).toBe(4401);
    expect(Date.now() - started).toBeWithin(1400, 3500);
  });

  test("is closed with 4401 when it shows one that does not count", async () => {
    const client = await it.open();
    authenticate(client, await token({}, { exp: 1_700_000_000 }), 1);
    expect(await client.next("error")).toMatchObject({ id: 1, code: "unauthorized" });
    expect((await client.closed).code).toBe(4401);
  });

  test("is closed with 4429 when it sends too much else", async () => {
    const client = await it.open();
    for (let count = 0; count < 50; count++) client.send("x");
    expect((await client.closed).code).toBe(4429);
  });

  test("cannot make the server keep what it sends while a token is checked", async () => {
    const socket = await RawWebSocket.open(it.url);
    const frames = Array.from({ length: 2000 }, () => '{"type":"ping"}');
    for (const text of [JSON.stringify({ type: "authenticate", token: await token() }), ...frames]) {
      socket.sendText(text);
    }
    await socket.connection.waitForClose().catch(() => undefined);
    // Either it was read from no further, and every frame got its turn, or it was sent away.
    const pongs = socket.jsonFrames.filter(({ type }) => type === "pong").length;
    expect(socket.closeFrame?.code === 4429 || pongs === frames.length).toBe(true);
    socket.connection.destroy();
  });
});

describe("a first frame", () => {
  test("with a token is answered by authenticated, then by the welcome", async () => {
    const client = await it.open("topics=news,old");
    const exp = Math.floor(Date.now() / 1000) + 600;
    authenticate(client, await token({ subscribe: ["news"] }, { exp }), 9);
    await client.next("welcome");
    expect(client.received.slice(0, 2)).toMatchObject([
      { type: "authenticated", id: 9, user_id: "alice", expires_at: exp * 1000 },
      { type: "welcome", user_id: "alice", topics: [{ topic: "news" }, { topic: "user:alice" }] },
    ]);
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "old" });
    await it.publish("news", "m");
    expect(await client.next("message")).toMatchObject({ topic: "news" });
  });

  test("lets what was sent behind it follow, in order", async () => {
    const client = await it.open("topics=", undefined);
    authenticate(client, await token({ publish: ["t"] }, { sub: "bob" }), 1);
    for (let id = 2; id <= 20; id++) client.send({ type: "publish", id, topic: "t", message: String(id) });
    await client.next(({ id }) => id === 20);
    const ids = client.received.filter(({ type }) => type === "ack").map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 19 }, (_, index) => index + 2));
  });

  test("stays in force beyond the time that there was for it", async () => {
    const client = await it.open();
    authenticate(client, await token({}, { sub: "carol" }));
    await client.next("welcome");
    await Bun.sleep(2600);
    expect(await client.request({ type: "ping" })).toMatchObject({ type: "pong" });
    expect(await client.request({ type: "authenticate", token: await token() })).toMatchObject({
      code: "conflict",
    });
  });

  test("cannot make somebody another than the address says: 4403", async () => {
    const client = await it.open("topics=&user_id=bob");
    authenticate(client, await token(), 1);
    expect(await client.next("error")).toMatchObject({ id: 1, code: "forbidden" });
    expect((await client.closed).code).toBe(4403);
  });

  test("is held to DUPLICATE_USER too", async () => {
    const first = await it.enter({}, "topics=", { sub: "dave" });
    const second = await it.open();
    authenticate(second, await token({}, { sub: "dave" }), 1);
    expect(await second.next("error")).toMatchObject({ id: 1, code: "conflict" });
    expect((await second.closed).code).toBe(4403);
    await first.close();
    await until(async () => (await it.ask("/nodes", keys.admin)).body.nodes[0].connections.websocket === 0);
    const third = await it.open();
    authenticate(third, await token({}, { sub: "dave" }));
    expect(await third.next("welcome")).toMatchObject({ user_id: "dave" });
  });

  test("that cannot be read says what is wrong with it", async () => {
    const client = await it.open();
    expect(await client.request({ type: "authenticate" })).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("token"),
    });
    expect(await client.request({ type: "authenticate", token: 7 })).toMatchObject({ code: "invalid" });
  });
});
