import { describe, expect, test } from "bun:test";
import type { FanfareError, FanfareOptions } from "../../src/client/index.ts";
import { until } from "../support/until.ts";
import { collect, outcomeOf, setUp } from "../unit/client/support/harness.ts";

const setting = setUp();

const streams = () => setting.server.peers.filter(({ kind }) => kind === "sse");
const pathsOf = (method: string) =>
  setting.server.httpRequests.filter((request) => request.method === method).map(({ path }) => path);

/** A client that uses streams alone. */
const streamClient = (options: FanfareOptions = {}) =>
  setting.createClient({ transports: ["sse"], ...options });

const errorAnswer = (status: number, code: string) =>
  Response.json({ error: { code, message: "no" } }, { status });

describe("falling back to event streams", () => {
  test("when WebSockets are blocked on the way", async () => {
    setting.server.acceptsWebSockets = false;
    const client = setting.createClient();
    const { subscription, publications } = collect(client, "news");
    const welcome = await client.connect();
    await until(() => subscription.state === "subscribed");
    setting.server.publish("news", { message: "hi", type: "a.type.of.its.own" });
    await until(() => publications.length === 1);
    expect(client.transport).toBe("sse");
    expect(setting.server.upgradesRefused).toBe(2);
    expect(welcome).toMatchObject({ connection_id: null, ping_interval: null });
    expect(publications[0]).toMatchObject({ type: "a.type.of.its.own", message: "hi", offset: 1 });
  });

  test("when the platform throws instead of connecting", async () => {
    class Forbidden {
      addEventListener(): void {}
      send(): void {}
      close(): void {}
      constructor() {
        throw new Error("SecurityError");
      }
    }
    const client = setting.createClient({ WebSocket: Forbidden });
    const errors: FanfareError[] = [];
    client.on("error", (error) => errors.push(error));
    await client.connect();
    expect([client.transport, errors.map(({ code }) => code)]).toEqual(["sse", ["unsupported"]]);
    expect(
      await outcomeOf(setting.createClient({ WebSocket: Forbidden, transports: ["websocket"] }).connect()),
    ).toBe("unsupported");
  });

  test("and back: each connection goes on where the other stopped", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription, offsets, breaks } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.publish("news");
    await until(() => offsets.length === 1);
    server.acceptsWebSockets = false;
    server.open[0]!.close();
    server.publish("news");
    await until(() => client.transport === "sse");
    server.publish("news");
    await until(() => offsets.length === 3);
    server.acceptsWebSockets = true;
    server.open[0]!.close();
    server.publish("news");
    await until(() => client.transport === "websocket");
    server.publish("news");
    await until(() => offsets.length === 5);
    expect(offsets).toEqual([1, 2, 3, 4, 5]);
    expect(breaks).toEqual([]);
  });
});

describe("one stream for all topics", () => {
  test("is opened again once when topics come in one go, and the others go on without gap or duplicate", async () => {
    const { server } = setting;
    const client = streamClient({ userId: undefined });
    const first = collect(client, "a");
    await client.connect();
    await until(() => first.subscription.state === "subscribed");
    const others: ReturnType<typeof collect>[] = [];
    for (const topic of ["b", "c", "d"]) {
      others.push(collect(client, topic));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let count = 0; count < 5; count += 1) server.publish("a");
    await until(() => others.every(({ subscription }) => subscription.state === "subscribed"));
    for (const topic of ["a", "b", "d"]) server.publish(topic);
    await until(() => first.offsets.length === 6 && others[2]!.offsets.length === 1);
    expect(streams()).toHaveLength(2);
    expect(streams()[1]!.query.getAll("topic")).toEqual(["a", "b", "c", "d"]);
    expect(first.offsets).toEqual([1, 2, 3, 4, 5, 6]);
    expect(first.breaks).toEqual([]);
    expect(server.open).toHaveLength(1);
  });

  test("may speak of its topics one by one, and is waited for", async () => {
    const { server } = setting;
    server.onOpen = (peer) => {
      peer.send({ type: "subscribed", topic: "a", epoch: "e1", offset: 0 });
      return true;
    };
    const client = streamClient();
    const subscriptions = ["a", "b"].map((topic) => client.subscribe(topic));
    await client.connect();
    expect(subscriptions.map(({ state }) => state)).toEqual(["subscribed", "subscribing"]);
    // Longer than a stream waits before it is opened again for more topics.
    await Bun.sleep(50);
    expect(streams()).toHaveLength(1);
    server.open[0]!.send({ type: "subscribed", topic: "b", epoch: "e1", offset: 0 });
    await until(() => subscriptions[1]!.state === "subscribed");
    client.subscribe("c");
    await until(() => streams().length > 1);
    expect(streams()[1]!.query.getAll("topic")).toEqual(["a", "b", "c"]);
  });

  test("leaves out topics that were left", async () => {
    const client = streamClient();
    const subscriptions = ["a", "b"].map((topic) => client.subscribe(topic));
    await client.connect();
    await until(() => subscriptions.every(({ state }) => state === "subscribed"));
    subscriptions[0]!.unsubscribe();
    await until(() => streams().length === 2);
    expect(streams()[1]!.query.getAll("topic")).toEqual(["b"]);
  });

  test("is resumed by positions after it was cut", async () => {
    const { server } = setting;
    const client = streamClient();
    const { subscription, offsets, breaks } = collect(client, "room:1");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.publish("room:1");
    await until(() => offsets.length === 1);
    server.open[0]!.close();
    server.publish("room:1");
    await until(() => offsets.length === 2);
    expect(streams()[1]!.query.get("since")).toBe("room:1:e1:1");
    expect([offsets, breaks]).toEqual([[1, 2], []]);
  });

  test("tells of a break, on reconnecting and in the live stream", async () => {
    const { server } = setting;
    const client = streamClient();
    const { subscription, breaks } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.startEpoch("news", "e2", 4);
    server.open[0]!.close();
    await until(() => breaks.length === 1);
    const [peer] = server.open;
    peer!.send({ type: "subscribed", topic: "news", epoch: "e3", offset: 0, recovered: false });
    await until(() => breaks.length === 2);
    expect(breaks).toEqual(["e1:0 e2:4", "e2:4 e3:0"]);
  });

  test("holds as many topics as the server allows; the rest is told so, and waits", async () => {
    const client = streamClient({ sseTopicsMax: 2 });
    const errors: FanfareError[] = [];
    const subscriptions = ["a", "b", "c"].map((topic) =>
      client.subscribe(topic, { onError: (error) => errors.push(error) }),
    );
    await client.connect();
    await until(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ code: "too_many_topics", retryable: false });
    expect(errors[0]!.message).toContain("at most 2 topics");
    expect(subscriptions.map(({ state }) => state)).toEqual(["subscribed", "subscribed", "subscribing"]);
    subscriptions[0]!.unsubscribe();
    await until(() => subscriptions[2]!.state === "subscribed");
  });

  test("counts the user's own topic, which the server adds by itself", async () => {
    const client = streamClient({ sseTopicsMax: 2, userId: "alice" });
    for (const topic of ["a", "b"]) client.subscribe(topic);
    await client.connect();
    expect(streams()[0]!.query.getAll("topic")).toEqual(["a"]);
    expect(streams()[0]!.query.get("user_id")).toBe("alice");
  });

  test("without a topic there is no stream, only a look whether the server is there", async () => {
    const client = streamClient();
    await client.connect();
    expect([pathsOf("HEAD"), pathsOf("GET")]).toEqual([["/events"], []]);
    const { subscription } = collect(client, "news");
    await until(() => subscription.state === "subscribed");
    expect(streams()).toHaveLength(1);
    subscription.unsubscribe();
    await until(() => setting.server.open.length === 0 && pathsOf("HEAD").length === 2);
    expect(client.state).toBe("connected");
  });

  test("refused for a topic that was added: only that one ends", async () => {
    const { server } = setting;
    server.httpScript = (_request, url) =>
      url.searchParams.getAll("topic").includes("secret") ? errorAnswer(403, "forbidden") : null;
    const client = streamClient();
    const news = collect(client, "news");
    await client.connect();
    await until(() => news.subscription.state === "subscribed");
    const secret = client.subscribe("secret");
    server.publish("news");
    await until(() => secret.state === "unsubscribed");
    server.publish("news");
    await until(() => news.offsets.length === 2);
    expect([news.offsets, news.breaks]).toEqual([[1, 2], []]);
  });
});

describe("streams that fail", () => {
  test.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [409, "conflict"],
  ])("with %d stop the client", async (status, code) => {
    setting.server.httpScript = () => errorAnswer(status, code);
    const client = streamClient({ token: "t" });
    client.subscribe("news");
    expect(await outcomeOf(client.connect())).toBe(code);
    expect([client.state, setting.clock.pending]).toEqual(["closed", 0]);
  });

  test("for a while are opened again, as late as the server asks", async () => {
    let refusals = 2;
    setting.server.httpScript = () => {
      refusals -= 1;
      return refusals >= 0 ? new Response("busy", { status: 503, headers: { "retry-after": "0.01" } }) : null;
    };
    const client = streamClient({ random: () => 0 });
    const delays: unknown[] = [];
    client.on("disconnected", ({ code, retryInMs }) => delays.push(code, retryInMs));
    client.subscribe("news");
    await client.connect();
    expect(delays).toEqual([1013, 10, 1013, 10]);
  });

  test("by ending at once, with a delay to come back after, are opened again after it", async () => {
    const { server } = setting;
    server.httpScript = () =>
      server.httpRequests.length > 1
        ? null
        : new Response("retry: 7\n\n", { headers: { "content-type": "text/event-stream" } });
    const client = streamClient({ random: () => 0 });
    const delays: unknown[] = [];
    client.on("disconnected", ({ retryInMs }) => delays.push(retryInMs));
    client.subscribe("news");
    await client.connect();
    expect(delays).toEqual([7]);
  });

  test("by being something else are no streams", async () => {
    const { server } = setting;
    server.httpScript = () => (server.httpRequests.length > 1 ? null : new Response("<html>"));
    const client = streamClient();
    const reasons: string[] = [];
    client.on("disconnected", ({ reason }) => reasons.push(reason));
    client.subscribe("news");
    await client.connect();
    expect(reasons).toEqual(["the answer is not an event stream"]);
  });

  test("by falling silent are replaced", async () => {
    const client = streamClient({ streamSilenceMs: 30 });
    const codes: number[] = [];
    client.on("disconnected", ({ code }) => codes.push(code));
    client.subscribe("news");
    await client.connect();
    await until(() => streams().length === 2);
    expect(codes).toEqual([4408]);
    await until(() => setting.server.open.length === 1);
  });
});

describe("commands over REST", () => {
  test("publish in the order of the calls, with sender and key", async () => {
    const { server } = setting;
    server.httpScript = async (_request, url) => {
      const isFirst = pathsOf("POST").length === 1;
      if (url.pathname === "/publish" && isFirst) await Bun.sleep(10);
      return null;
    };
    const client = streamClient({ userId: "alice" });
    await client.connect();
    const results = await Promise.all(
      ["a", "b", "c"].map((message) => client.publish("news", { message, event: "note", data: { message } })),
    );
    expect(results).toEqual([1, 2, 3].map((offset) => ({ topic: "news", epoch: "e1", offset })));
    expect(server.topic("news").publications.map(({ message }) => message)).toEqual(["a", "b", "c"]);
    const { body } = server.httpRequests.find(({ path }) => path === "/publish")!;
    expect(body).toMatchObject({
      topic: "news",
      event: "note",
      sender: "alice",
      message: "a",
      data: { message: "a" },
    });
    expect(body?.key).toBeString();
  });

  test("a token goes with every request, and no sender then", async () => {
    const seen: (string | null)[] = [];
    setting.server.httpScript = (request, url) => {
      seen.push(`${url.searchParams.get("token")} ${request.headers.get("authorization")}`);
      return null;
    };
    const client = streamClient({ userId: "alice", token: async () => "secret" });
    await client.connect();
    await client.publish("news", { message: "hi" });
    expect(seen).toEqual(["null Bearer secret", "null Bearer secret"]);
    expect(setting.server.httpRequests.at(-1)!.body).not.toHaveProperty("sender");
  });

  test.each([
    ["a 503", () => errorAnswer(503, "unavailable")],
    ["a proxy's 502", () => new Response("bad gateway", { status: 502 })],
  ])("a publish is repeated with the same key after %s, though it was done", async (_name, failure) => {
    const { server } = setting;
    let failures = 2;
    server.httpScript = async (request, url) => {
      if (url.pathname !== "/publish") return null;
      failures -= 1;
      if (failures < 0) return null;
      const { body } = server.httpRequests.at(-1)!;
      server.act({ ...body, type: "publish" }, { ...server.peers[0]!, send: () => {} });
      expect(request.method).toBe("POST");
      return failure();
    };
    const client = streamClient();
    client.subscribe("news");
    await client.connect();
    expect(await client.publish("news", { message: "hi" })).toMatchObject({ offset: 1 });
    expect(server.topic("news").offset).toBe(1);
    expect(pathsOf("POST")).toHaveLength(3);
  });

  test("a publish that gets no answer is repeated", async () => {
    const { server } = setting;
    server.httpScript = (_request, url) =>
      url.pathname === "/publish" && pathsOf("POST").length === 1 ? new Promise(() => {}) : null;
    const client = streamClient({ ackTimeoutMs: 20 });
    await client.connect();
    expect(await client.publish("news", { message: "hi" })).toMatchObject({ offset: 1 });
  });

  test("a definite error is final", async () => {
    setting.server.httpScript = (_request, url) =>
      url.pathname === "/publish" ? errorAnswer(422, "invalid") : null;
    const client = streamClient();
    await client.connect();
    expect(await outcomeOf(client.publish("news", {}))).toBe("invalid");
    expect(pathsOf("POST")).toHaveLength(1);
  });

  test("history, presence, status and ping", async () => {
    setting.server.publish("room:1", { message: "old" });
    const client = streamClient();
    client.subscribe("room:1");
    await client.connect();
    const page = await client.history("room:1", { limit: 5, since: { epoch: "e1", offset: 0 } });
    expect(page).toMatchObject({
      topic: "room:1",
      epoch: "e1",
      offset: 1,
      publications: [{ message: "old" }],
    });
    expect(pathsOf("GET")).toContain("/topics/room%3A1/history?limit=5&since=e1%3A0");
    expect(await client.presence("room:1")).toEqual({ topic: "room:1", members: [], connections: 1 });
    expect(await client.status()).toEqual({ version: "stand-in" });
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  });

  test("a request cannot be answered", async () => {
    const client = streamClient();
    const errors: FanfareError[] = [];
    client.on("request", (request) => request.respond("yes"));
    client.on("error", (error) => errors.push(error));
    client.subscribe("news");
    await client.connect();
    setting.server.open[0]!.send({ type: "request", correlation_id: "q", message: "well?" });
    await until(() => errors.length === 1);
    expect(errors[0]!.cause).toMatchObject({ code: "unsupported" });
  });

  test("close ends them, and the stream, and every timer", async () => {
    setting.server.httpScript = (_request, url) =>
      url.pathname === "/publish" ? new Promise(() => {}) : null;
    const client = streamClient();
    client.subscribe("news");
    await client.connect();
    const outcome = outcomeOf(client.publish("news", { message: "hi" }));
    await until(() => pathsOf("POST").length === 1);
    client.subscribe("more");
    client.close();
    expect(await outcome).toBe("closed");
    await until(() => setting.server.open.length === 0 && setting.clock.pending === 0);
  });
});
