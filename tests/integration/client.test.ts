import { afterEach, describe, expect, test } from "bun:test";
import { FanfareClient, type FanfareOptions, type TransportName } from "../../src/client/index.ts";
import type { Config } from "../../src/config/index.ts";
import { startTestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { CuttableProxy } from "../unit/client/support/cuttable-proxy.ts";
import { collect, outcomeOf } from "../unit/client/support/harness.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(overrides: Partial<Config> = {}) {
  const server = await startTestServer(overrides);
  cleanups.push(() => server.stop());
  return server;
}

async function startProxy(port: number): Promise<CuttableProxy> {
  const proxy = await CuttableProxy.start(port);
  cleanups.push(() => proxy.stop());
  return proxy;
}

function createClient(url: string, options: FanfareOptions = {}): FanfareClient {
  const client = new FanfareClient({ url, minDelayMs: 2, maxDelayMs: 20, ...options });
  cleanups.push(() => client.close());
  return client;
}

/** A platform on which WebSockets never open. */
class BlockedWebSocket extends WebSocket {
  constructor(url: string) {
    super(url.replace("/ws", "/no-such-route"));
  }
}

describe.each([["websocket"], ["sse"]] as const)("over %s", (transport: TransportName) => {
  const transports = [transport];

  test("connects, subscribes, publishes and asks", async () => {
    const { url } = await start();
    const client = createClient(url, { transports, userId: "alice" });
    const { subscription, publications } = collect(client, "room:1");
    expect(await client.connect()).toMatchObject({ user_id: "alice" });
    await until(() => subscription.state === "subscribed");
    const result = await client.publish("room:1", {
      message: "héllo ☃",
      data: { a: [1, null] },
      event: "greeting",
    });
    await until(() => publications.length === 1);
    expect(result).toEqual({ topic: "room:1", ...subscription.position! });
    expect(publications[0]).toMatchObject({
      type: "greeting",
      topic: "room:1",
      offset: 1,
      sender: "alice",
      message: "héllo ☃",
      data: { a: [1, null] },
    });
    expect((await client.history("room:1", { limit: 5 })).publications).toEqual(publications);
    const { epoch } = subscription.position!;
    expect((await client.history("room:1", { since: { epoch, offset: 1 } })).publications).toEqual([]);
    const presence = await client.presence("room:1");
    expect(presence).toEqual({
      topic: "room:1",
      members: [{ user_id: "alice", connections: 1 }],
      connections: 1,
    });
    expect(await client.status()).toHaveProperty("version");
    expect(await client.ping()).toBeGreaterThan(0);
  });

  test("a publication without position is delivered and acknowledged without one", async () => {
    const { url } = await start();
    const client = createClient(url, { transports });
    const { subscription, publications } = collect(client, "typing");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    expect(await client.publish("typing", { message: "…", store: false })).toEqual({ topic: "typing" });
    await until(() => publications.length === 1);
    expect(publications[0]).not.toHaveProperty("offset");
  });

  test("the user's own topic comes by itself and survives a cut", async () => {
    const server = await start();
    const proxy = await startProxy(server.port);
    const client = createClient(proxy.url, { transports, userId: "alice" });
    const press = createClient(server.url);
    const messages: unknown[] = [];
    client.on("publication", ({ message }) => messages.push(message));
    await Promise.all([client.connect(), press.connect()]);
    await press.publish("user:alice", { message: "one" });
    await until(() => messages.length === 1);
    proxy.cut();
    await press.publish("user:alice", { message: "two" });
    await until(() => messages.length === 2);
    expect(messages).toEqual(["one", "two"]);
  });

  test("definite errors are final", async () => {
    const { url } = await start();
    const client = createClient(url, { transports });
    await client.connect();
    expect(await outcomeOf(client.publish("news", { message: "x", event: "welcome" }))).toBe("invalid");
    expect(await outcomeOf(client.publish("news", {}))).toBe("invalid");
  });

  test("however often the connection is cut, everything is published once and read once, in order", async () => {
    const server = await start();
    const proxy = await startProxy(server.port);
    const reader = createClient(proxy.url, { transports });
    const writer = createClient(proxy.url, { transports, ackTimeoutMs: 200 });
    const read = ["a", "b"].map((topic) => collect(reader, topic));
    await Promise.all([reader.connect(), writer.connect()]);
    await until(() => read.every(({ subscription }) => subscription.state === "subscribed"));
    const results: Promise<unknown>[] = [];
    const each = 60;
    for (let count = 0; count < each; count += 1) {
      for (const topic of ["a", "b"]) results.push(writer.publish(topic, { data: count }));
      if (count % 4 === 0) proxy.cut();
      await Bun.sleep(count % 3);
    }
    await Promise.all(results);
    await until(() => read.every(({ offsets }) => offsets.at(-1) === each));
    for (const { offsets, breaks, publications } of read) {
      expect(breaks).toEqual([]);
      expect(offsets).toEqual(Array.from({ length: each }, (_, index) => index + 1));
      const values = publications.map(({ data }) => Number(data));
      expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: each }, (_, index) => index));
    }
    expect(proxy.cuts).toBeGreaterThan(5);
  }, 20_000);
});

test("where WebSockets are blocked it falls back to an event stream", async () => {
  const { url } = await start();
  const client = createClient(url, { WebSocket: BlockedWebSocket });
  const { subscription, offsets } = collect(client, "news");
  await client.connect();
  await until(() => subscription.state === "subscribed");
  await client.publish("news", { message: "hi" });
  await until(() => offsets.length === 1);
  expect(client.transport).toBe("sse");
});

test("a drained server is left in order; its successor has another history, and says so", async () => {
  const first = await startTestServer({ shutdownTimeoutMs: 50 });
  const client = createClient(first.url);
  const { subscription, offsets, breaks } = collect(client, "news");
  const notices: string[] = [];
  const codes: number[] = [];
  client.on("notice", ({ type }) => notices.push(type));
  client.on("disconnected", ({ code }) => codes.push(code));
  await client.connect();
  await until(() => subscription.state === "subscribed");
  await client.publish("news", { message: "old" });
  await first.drain();
  await start({ port: first.port });
  await until(() => breaks.length === 1);
  await client.publish("news", { message: "new" });
  await until(() => offsets.length === 2);
  expect([notices, codes[0], offsets]).toEqual([["shutdown_notice"], 1012, [1, 1]]);
});

test("a user whom the server disconnects stays away", async () => {
  const { url } = await start();
  const client = createClient(url, { userId: "alice" });
  await client.connect();
  await fetch(`${url}/users/alice/disconnect`, { method: "POST" });
  await until(() => client.state === "closed");
});

test("more subscriptions than fit one frame, or the commands under way, are all answered", async () => {
  const { url } = await start();
  const client = createClient(url);
  const subscriptions = Array.from({ length: 600 }, (_, index) => client.subscribe(`topic-${index}`));
  await client.connect();
  await until(() => subscriptions.every(({ state }) => state === "subscribed"));
  client.reconnect();
  expect(subscriptions.some(({ state }) => state === "subscribed")).toBe(false);
  await until(() => subscriptions.every(({ state }) => state === "subscribed"));
});

test("many publishes at once are all acknowledged, in the order of the calls", async () => {
  const { url } = await start();
  const client = createClient(url);
  await client.connect();
  const results = await Promise.all(
    Array.from({ length: 1000 }, (_, data) => client.publish("news", { data })),
  );
  expect(results.map(({ offset }) => offset)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
});
