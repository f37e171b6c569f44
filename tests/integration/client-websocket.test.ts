import { describe, expect, test } from "bun:test";
import { type Disconnection, FanfareError, type PublishResult } from "../../src/client/index.ts";
import { until } from "../support/until.ts";
import { collect, outcomeOf, setUp } from "../unit/client/support/harness.ts";
import type { Peer } from "../unit/client/support/stand-in-server.ts";

const setting = setUp();

const framesOf = (peer: Peer | undefined, type: string) =>
  (peer?.received ?? []).filter((frame) => frame.type === type);

/** As a browser does when the network comes or goes. */
function announce(event: string): void {
  (globalThis as unknown as EventTarget).dispatchEvent(new Event(event));
}

describe("connecting", () => {
  test("says who it is, and asks for no topics by default", async () => {
    const client = setting.createClient({
      userId: "alice",
      client: "admin",
      name: "Al & Co",
      token: "secret",
    });
    const welcome = await client.connect();
    expect(Object.fromEntries(setting.server.peers[0]!.query)).toEqual({
      topics: "",
      user_id: "alice",
      client: "admin",
      name: "Al & Co",
    });
    expect(setting.server.peers[0]!.token).toBe("secret");
    expect(welcome).toMatchObject({ type: "welcome", connection_id: "c1", ping_interval: 30 });
    expect([client.state, client.transport, client.welcome]).toEqual(["connected", "websocket", welcome]);
    expect(await client.connect()).toBe(welcome);
  });

  test("goes on until the server is there, and tells its states", async () => {
    const client = setting.createClient({ transports: ["websocket"] });
    setting.server.acceptsWebSockets = false;
    const states: string[] = [];
    client.on("state", (state) => states.push(state));
    const connected = client.connect();
    await until(() => setting.server.upgradesRefused > 3);
    setting.server.acceptsWebSockets = true;
    await connected;
    client.close();
    expect(states).toEqual(["connecting", "reconnecting", "connected", "closed"]);
  });

  test("gives up on a server that opens and says nothing, and tries again", async () => {
    setting.server.onOpen = () => setting.server.peers.length === 1;
    const client = setting.createClient({ connectTimeoutMs: 30 });
    await client.connect();
    expect(setting.server.peers).toHaveLength(2);
  });

  test("state and welcome are there when their events come", async () => {
    const client = setting.createClient();
    const seen: unknown[] = [];
    client.on("state", (state) => seen.push(state === client.state, client.welcome !== null));
    await client.connect();
    expect(seen).toEqual([true, false, true, true]);
  });
});

describe("a subscription", () => {
  test("goes on after a lost connection where it stopped: no gap, no duplicate", async () => {
    const { server } = setting;
    const client = setting.createClient();
    await client.connect();
    const { subscription, offsets, breaks } = collect(client, "news");
    await until(() => subscription.state === "subscribed");
    server.publish("news");
    server.publish("news");
    await until(() => offsets.length === 2);
    server.open[0]!.close();
    server.publish("news");
    await until(() => server.open.length === 1 && subscription.state === "subscribed");
    server.publish("news");
    await until(() => offsets.length >= 4);
    expect(offsets).toEqual([1, 2, 3, 4]);
    expect(breaks).toEqual([]);
    expect(framesOf(server.open[0], "subscribe")).toMatchObject([
      { topic: "news", since: { epoch: "e1", offset: 2 } },
    ]);
    expect(subscription.position).toEqual({ epoch: "e1", offset: 4 });
  });

  test("made before a publish reads it", async () => {
    const client = setting.createClient();
    await client.connect();
    const { offsets } = collect(client, "news");
    await client.publish("news", { message: "hi" });
    await until(() => offsets.length === 1);
    expect(setting.server.peers[0]!.received.map(({ type }) => type)).toEqual(["subscribe", "publish"]);
  });

  test("starts after a given position", async () => {
    for (let count = 0; count < 3; count += 1) setting.server.publish("news");
    const client = setting.createClient();
    const offsets: unknown[] = [];
    client.subscribe("news", {
      since: { epoch: "e1", offset: 1 },
      onPublication: ({ offset }) => offsets.push(offset),
    });
    await client.connect();
    await until(() => offsets.length === 2);
    expect(offsets).toEqual([2, 3]);
  });

  test("tells of a break with both positions when it cannot be resumed", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription, offsets, breaks } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.publish("news");
    await until(() => offsets.length === 1);
    server.startEpoch("news", "e2", 5);
    server.open[0]!.close();
    await until(() => breaks.length === 1);
    server.publish("news");
    await until(() => offsets.length === 2);
    expect(breaks).toEqual(["e1:1 e2:5"]);
    expect(offsets).toEqual([1, 6]);
  });

  test("tells of a break in the live stream", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription, offsets, breaks } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.startEpoch("news", "e2", 9);
    server.open[0]!.send({ type: "subscribed", topic: "news", epoch: "e2", offset: 9, recovered: false });
    server.publish("news");
    await until(() => offsets.length === 1);
    expect(breaks).toEqual(["e1:0 e2:9"]);
    expect(offsets).toEqual([10]);
  });

  test("drops what the server sends twice, and keeps what has no offset", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription, offsets } = collect(client, "news");
    const atClient: unknown[] = [];
    client.on("publication", ({ offset }) => atClient.push(offset));
    await client.connect();
    await until(() => subscription.state === "subscribed");
    const send = (offset?: number) =>
      server.deliver("news", { type: "message", topic: "news", ts: 1, message: "m", offset });
    for (const offset of [1, 1, 2, undefined, 1, 2, undefined, 3]) send(offset);
    await until(() => offsets.includes(3));
    expect(offsets).toEqual([1, 2, undefined, undefined, 3]);
    expect(atClient).toEqual(offsets);
  });

  test("ends when the server takes it away, and stays so", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription } = collect(client, "news");
    const ends: unknown[] = [];
    subscription.on("unsubscribed", (end) => ends.push(end));
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.open[0]!.send({ type: "unsubscribed", topic: "news", code: "forbidden" });
    await until(() => ends.length === 1);
    expect(ends).toEqual([{ topic: "news", code: "forbidden" }]);
    server.open[0]!.close();
    await until(() => server.peers.length === 2 && client.state === "connected");
    await client.ping();
    expect(framesOf(server.peers[1], "subscribe")).toEqual([]);
  });

  test("refused for one topic of many, without saying which: the others are subscribed", async () => {
    const { server } = setting;
    server.script = (frame, peer) => {
      const refused = frame.type === "subscribe" && (frame.topic === "b" || frame.topics !== undefined);
      if (refused) peer.send({ type: "error", id: frame.id, code: "forbidden", message: "not that one" });
      return refused;
    };
    const client = setting.createClient();
    const subscriptions = ["a", "b", "c"].map((topic) => client.subscribe(topic));
    await client.connect();
    await until(() => subscriptions.every(({ state }) => state !== "subscribing"));
    expect(subscriptions.map(({ state }) => state)).toEqual(["subscribed", "unsubscribed", "subscribed"]);
  });

  test("left and taken up again at once is not confused by the answer to the first", async () => {
    const { server } = setting;
    for (let count = 0; count < 3; count += 1) server.publish("news");
    const held: (() => void)[] = [];
    server.script = (frame, peer) => {
      if (frame.type !== "subscribe") return false;
      held.push(() => server.act(frame, peer));
      return true;
    };
    const client = setting.createClient();
    await client.connect();
    const first = client.subscribe("news");
    await until(() => held.length === 1);
    first.unsubscribe();
    const offsets: unknown[] = [];
    const breaks: unknown[] = [];
    client.subscribe("news", {
      since: { epoch: "e1", offset: 1 },
      onPublication: ({ offset }) => offsets.push(offset),
      onBreak: (each) => breaks.push(each),
    });
    await until(() => held.length === 2);
    for (const answer of held) answer();
    await until(() => offsets.length === 2);
    expect([offsets, breaks]).toEqual([[2, 3], []]);
  });

  test("to the user's own topic comes by itself and is resumed", async () => {
    const { server } = setting;
    const client = setting.createClient({ userId: "alice" });
    const offsets: unknown[] = [];
    client.on("publication", ({ offset }) => offsets.push(offset));
    await client.connect();
    server.publish("user:alice");
    await until(() => offsets.length === 1);
    server.open[0]!.close();
    server.publish("user:alice");
    await until(() => offsets.length === 2);
    expect(offsets).toEqual([1, 2]);
  });
});

describe("publishing", () => {
  test("resolves with the position", async () => {
    const client = setting.createClient();
    await client.connect();
    expect(await client.publish("news", { message: "hi", event: "alert" })).toEqual({
      topic: "news",
      epoch: "e1",
      offset: 1,
    });
    const [frame] = framesOf(setting.server.peers[0], "publish");
    expect(frame).toMatchObject({ topic: "news", message: "hi", event: "alert" });
    expect(frame?.key).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is repeated with the same key when the connection is lost before the ack: published once", async () => {
    const { server } = setting;
    server.script = (frame, peer) => {
      if (frame.type !== "publish" || server.peers.length > 1) return false;
      server.act({ ...frame }, { ...peer, send: () => {} });
      peer.close();
      return true;
    };
    const client = setting.createClient();
    await client.connect();
    const data = { count: 1 };
    const published = client.publish("news", { data });
    data.count = 2;
    expect(await published).toMatchObject({ offset: 1 });
    const [first, second] = server.peers.map((peer) => framesOf(peer, "publish")[0]);
    expect(second).toEqual(first!);
    expect(first?.data).toEqual({ count: 1 });
    expect(server.topic("news").offset).toBe(1);
  });

  test("while disconnected waits for the connection, in order", async () => {
    const { server } = setting;
    const client = setting.createClient();
    await client.connect();
    const published = new Promise<Promise<PublishResult>[]>((resolve) => {
      client.on("disconnected", () => {
        resolve(["a", "b", "c"].map((message) => client.publish("news", { message })));
      });
    });
    server.open[0]!.close();
    const results = await Promise.all(await published);
    expect(results.map(({ offset }) => offset)).toEqual([1, 2, 3]);
    expect(server.topic("news").publications.map(({ message }) => message)).toEqual(["a", "b", "c"]);
  });

  test("that nobody acknowledges is repeated with the same key and ends with it in the error", async () => {
    setting.server.script = (frame) => frame.type === "publish";
    const client = setting.createClient({ ackTimeoutMs: 10, publishTimeoutMs: 45 });
    await client.connect();
    const error = await client.publish("news", { message: "hi" }).catch((caught: FanfareError) => caught);
    const keys = framesOf(setting.server.peers[0], "publish").map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
    expect(error).toBeInstanceOf(FanfareError);
    expect(error).toMatchObject({ code: "timeout", retryable: true, key: keys[0] });
  });

  test("is repeated after unavailable, not after a definite error", async () => {
    const codes = ["unavailable", "forbidden"];
    setting.server.script = (frame, peer) => {
      if (frame.type !== "publish") return false;
      peer.send({ type: "error", id: frame.id, code: codes.shift(), message: "no" });
      return true;
    };
    const client = setting.createClient();
    await client.connect();
    expect(await outcomeOf(client.publish("news", { message: "hi" }))).toBe("forbidden");
    expect(framesOf(setting.server.peers[0], "publish")).toHaveLength(2);
    expect(codes).toEqual([]);
  });

  test("with store: false has no key and no position", async () => {
    const client = setting.createClient();
    const { subscription, publications } = collect(client, "typing");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    expect(await client.publish("typing", { data: null, store: false })).toEqual({ topic: "typing" });
    await until(() => publications.length === 1);
    expect(publications[0]).toMatchObject({ data: null });
    expect(framesOf(setting.server.peers[0], "publish")[0]).not.toHaveProperty("key");
  });

  test("refuses here what the server would close the connection for", async () => {
    const client = setting.createClient({ maxFrameBytes: 1000 });
    await client.connect();
    expect(await outcomeOf(client.publish("news", { message: "x".repeat(1001) }))).toBe("too_large");
    expect(await outcomeOf(client.publish("news", { message: "€".repeat(400) }))).toBe("too_large");
    expect(await outcomeOf(client.publish("news", { message: "x".repeat(800) }))).toMatchObject({
      offset: 1,
    });
    expect(setting.server.peers).toHaveLength(1);
  });

  test("a frame that makes the server close with 1009 is given up, the others are not", async () => {
    const { server } = setting;
    server.script = (frame) => frame.type === "publish" && server.peers.length === 1;
    const client = setting.createClient({ maxFrameBytes: 10_000_000 });
    await client.connect();
    const small = client.publish("news", { message: "small" });
    const huge = client.publish("news", { message: "x".repeat(300_000) });
    expect(await outcomeOf(huge)).toBe("too_large");
    expect(await small).toMatchObject({ offset: 1 });
  });

  test("refuses topics that cannot be, and data that cannot be written", async () => {
    const client = setting.createClient();
    await client.connect();
    expect(() => client.subscribe("no spaces")).toThrow(FanfareError);
    expect(await outcomeOf(client.publish("", { message: "hi" }))).toBe("invalid");
    const circular: { self?: unknown } = {};
    circular.self = circular;
    expect(await outcomeOf(client.publish("news", { data: circular }))).toBe("bad_request");
    expect(setting.server.peers[0]!.received).toEqual([]);
  });
});

describe("asking", () => {
  test("history, presence, status and ping", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.publish("news", { message: "old" });
    const page = await client.history("news", { limit: 5, since: { epoch: "e1", offset: 0 } });
    expect(Object.keys(page).sort()).toEqual(["epoch", "offset", "publications", "topic"]);
    expect(page.publications).toMatchObject([{ message: "old", offset: 1 }]);
    expect(framesOf(server.peers[0], "history")[0]).toMatchObject({
      limit: 5,
      since: { epoch: "e1", offset: 0 },
    });
    expect(await client.presence("news")).toEqual({ topic: "news", members: [], connections: 1 });
    expect(await client.status()).toEqual({ version: "stand-in" });
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
  });

  test("is repeated over the next connection", async () => {
    setting.server.script = (frame, peer) => {
      if (frame.type !== "history" || setting.server.peers.length > 1) return false;
      peer.close();
      return true;
    };
    const client = setting.createClient();
    await client.connect();
    expect(await client.history("news")).toMatchObject({ topic: "news", publications: [] });
  });

  test("without answer, or of a client that is not connected, fails", async () => {
    setting.server.script = (frame) => frame.type === "status_request";
    const client = setting.createClient({ requestTimeoutMs: 20 });
    expect(await outcomeOf(client.status())).toBe("closed");
    await client.connect();
    expect(await outcomeOf(client.status())).toBe("timeout");
  });
});

describe("close codes", () => {
  async function closedWith(code: number, options: Parameters<typeof setting.createClient>[0] = {}) {
    const client = setting.createClient(options);
    const endings: Disconnection[] = [];
    const errors: FanfareError[] = [];
    client.on("disconnected", (ending) => endings.push(ending));
    client.on("error", (error) => errors.push(error));
    await client.connect();
    setting.server.open[0]!.close(code, "because");
    await until(() => endings.length === 1);
    return { client, ending: endings[0]!, errors };
  }

  test.each([
    [4403, "forbidden"],
    [4409, "conflict"],
  ])("%d stops the client", async (code, error) => {
    const { client, ending, errors } = await closedWith(code);
    expect(ending).toEqual({ code, reason: "because", transport: "websocket", retryInMs: null });
    expect(client.state).toBe("closed");
    expect(errors.map((each) => each.code)).toEqual([error]);
    expect(setting.clock.pending).toBe(0);
    expect(setting.server.peers).toHaveLength(1);
  });

  test.each([1012, 1013, 4408, 4429, 1011])("%d is followed by a new connection", async (code) => {
    const { client } = await closedWith(code);
    await client.connect();
    expect(setting.server.peers).toHaveLength(2);
  });

  test.each([
    [4408, 1],
    [1013, 8],
    [4429, 8],
  ])("after %d the range of delays is as wide as it should be", async (code, middleMs) => {
    const { ending } = await closedWith(code, { random: () => 0.5, minDelayMs: 2, maxDelayMs: 1000 });
    expect(ending.retryInMs).toBe(middleMs);
  });

  test("4401 asks a token function again, with the new token in the next attempt", async () => {
    let count = 0;
    const token = async () => {
      count += 1;
      return `token-${count}`;
    };
    const { client } = await closedWith(4401, { token });
    await client.connect();
    expect(setting.server.peers.map(({ token }) => token)).toEqual(["token-1", "token-2"]);
  });

  test("4401 stops a client whose token is a string", async () => {
    const { client, errors } = await closedWith(4401, { token: "old" });
    expect(client.state).toBe("closed");
    expect(errors.map(({ code }) => code)).toEqual(["unauthorized"]);
  });

  test("tokens refused one after another are final", async () => {
    setting.server.onOpen = (peer) => {
      peer.close(4401);
      return true;
    };
    const client = setting.createClient({ token: () => "bad" });
    expect(await outcomeOf(client.connect())).toBe("unauthorized");
    expect(setting.server.peers).toHaveLength(3);
  });

  test("a token function that fails is reported and asked again", async () => {
    let count = 0;
    const token = () => {
      count += 1;
      if (count === 1) throw new Error("the token server is away");
      return "good";
    };
    const client = setting.createClient({ token });
    const errors: string[] = [];
    client.on("error", ({ code }) => errors.push(code));
    await client.connect();
    expect(errors).toEqual(["token_failed"]);
  });

  test("a token that fits no subprotocol goes in the address", async () => {
    const client = setting.createClient({ token: "a/b=" });
    await client.connect();
    const [{ query, token }] = setting.server.peers as [Peer];
    expect([query.get("token"), token]).toEqual(["a/b=", null]);
  });

  describe("a token is renewed before it expires", () => {
    const welcome = (expiresInMs: number) => ({
      type: "welcome",
      connection_id: "c",
      user_id: null,
      role: "chat",
      node: "n",
      topics: [],
      message: "",
      ping_interval: 30,
      expires_in_ms: expiresInMs,
    });
    const refreshesOf = (peer: Peer) => peer.received.filter(({ type }) => type === "refresh");

    /** A server whose tokens last so long, and a client that has count of those it fetched. */
    function shortLived(expiresInMs: number, answer: (peer: Peer) => void) {
      const { server } = setting;
      server.onOpen = (peer) => {
        peer.send(welcome(expiresInMs));
        return true;
      };
      server.script = ({ type }, peer) => {
        if (type === "refresh") answer(peer);
        return type === "refresh";
      };
      let count = 0;
      const token = async () => `token-${++count}`;
      return setting.createClient({ token, random: () => 0 });
    }

    test("again and again, over the same connection", async () => {
      const client = shortLived(50, (peer) => {
        peer.send({ type: "refreshed", id: "refresh", expires_in_ms: 50 });
      });
      await client.connect();
      const { server } = setting;
      await until(() => refreshesOf(server.peers[0]!).length >= 3);
      expect(server.peers).toHaveLength(1);
      expect(refreshesOf(server.peers[0]!).slice(0, 2)).toEqual([
        { type: "refresh", id: "refresh", token: "token-2" },
        { type: "refresh", id: "refresh", token: "token-3" },
      ]);
    });

    test("a refusal is told, and another one fetched later", async () => {
      const client = shortLived(50, (peer) => {
        peer.send({ type: "error", id: "refresh", code: "unauthorized", message: "expired" });
      });
      const errors: string[] = [];
      client.on("error", ({ code }) => errors.push(code));
      await client.connect();
      await until(() => errors.length > 0);
      expect(errors).toEqual(["unauthorized"]);
      expect(client.state).toBe("connected");
      expect(refreshesOf(setting.server.peers[0]!)).toHaveLength(1);
    });

    test("not where the token is a string, and not after the client was closed", async () => {
      const { server } = setting;
      server.onOpen = (peer) => {
        peer.send(welcome(20));
        return true;
      };
      const fixed = setting.createClient({ token: "fixed" });
      await fixed.connect();
      const closed = setting.createClient({ token: async () => "new", random: () => 0 });
      await closed.connect();
      closed.close();
      await Bun.sleep(60);
      expect(server.peers.flatMap(refreshesOf)).toEqual([]);
    });
  });

  test("after a shutdown notice it waits as long as the server asks", async () => {
    const client = setting.createClient({ random: () => 0.5, minDelayMs: 10 });
    const notices: unknown[] = [];
    const endings: Disconnection[] = [];
    client.on("notice", (notice) => notices.push(notice.reconnect_after_ms));
    client.on("disconnected", (ending) => endings.push(ending));
    await client.connect();
    setting.server.open[0]!.send({
      type: "shutdown_notice",
      message: "bye",
      reconnect_after_ms: 40,
      deadline: 1,
    });
    setting.server.open[0]!.close(1012);
    await until(() => setting.server.peers.length === 2 && client.state === "connected");
    setting.server.open[0]!.close(1012);
    await until(() => endings.length === 2);
    expect(notices).toEqual([40]);
    expect(endings.map(({ retryInMs }) => retryInMs)).toEqual([45, 5]);
  });
});

describe("delays", () => {
  test("grow while connections do not last, and start over after one that did", async () => {
    const { server } = setting;
    const client = setting.createClient({
      random: () => 0.5,
      minDelayMs: 2,
      maxDelayMs: 1000,
      stableAfterMs: 30,
      transports: ["websocket"],
    });
    const delays: unknown[] = [];
    client.on("disconnected", ({ retryInMs }) => delays.push(retryInMs));
    await client.connect();
    for (let count = 1; count <= 4; count += 1) {
      server.open[0]!.close();
      await until(() => server.peers.length === count + 1 && client.state === "connected");
    }
    const connectedAtMs = performance.now();
    await until(() => performance.now() - connectedAtMs > 40);
    server.open[0]!.close();
    await until(() => delays.length === 5);
    expect(delays).toEqual([1, 2, 4, 8, 1]);
  });

  test("are cut short when the platform says that it is back online", async () => {
    const client = setting.createClient({ random: () => 0.99, minDelayMs: 60_000, maxDelayMs: 60_000 });
    await client.connect();
    setting.server.open[0]!.close();
    await until(() => client.state === "reconnecting");
    announce("online");
    await client.connect();
    expect(setting.server.peers).toHaveLength(2);
  });

  test("are kept in spite of it when the server has asked for patience", async () => {
    let attempts = 0;
    const token = () => {
      attempts += 1;
      return "t";
    };
    const client = setting.createClient({
      token,
      random: () => 0.99,
      minDelayMs: 60_000,
      maxDelayMs: 60_000,
    });
    await client.connect();
    setting.server.open[0]!.close(1013);
    await until(() => client.state === "reconnecting");
    announce("online");
    expect(attempts).toBe(1);
  });

  test("are none for an application that asks for a new connection", async () => {
    const client = setting.createClient({ random: () => 0.99, minDelayMs: 60_000, maxDelayMs: 60_000 });
    const { subscription, offsets } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    client.reconnect();
    setting.server.publish("news");
    await until(() => offsets.length === 1);
    expect(setting.server.peers).toHaveLength(2);
  });
});

describe("a connection that has died without a word", () => {
  function silentServer(pingIntervalSeconds: number): void {
    setting.server.onOpen = (peer) => {
      const fields = { connection_id: "c", user_id: null, role: "chat", node: "n", message: "" };
      peer.send({ type: "welcome", topics: [], ping_interval: pingIntervalSeconds, ...fields });
      return true;
    };
    setting.server.script = (frame) => frame.type === "ping" && setting.server.peers.length === 1;
  }

  test("is found out by a ping, and replaced", async () => {
    silentServer(0.01);
    const client = setting.createClient({ pongTimeoutMs: 20 });
    const endings: Disconnection[] = [];
    client.on("disconnected", (ending) => endings.push(ending));
    await client.connect();
    await until(() => setting.server.peers.length === 2);
    expect(framesOf(setting.server.peers[0], "ping")).toHaveLength(1);
    expect(endings.map(({ code }) => code)).toEqual([4408]);
    await until(() => framesOf(setting.server.peers[1], "ping").length >= 2);
    expect(setting.server.open).toHaveLength(1);
  });

  test.each(["online", "offline"])("is looked for at once when the platform goes %s", async (event) => {
    silentServer(30);
    const client = setting.createClient({ pongTimeoutMs: 20 });
    await client.connect();
    announce(event);
    await until(() => setting.server.peers.length === 2);
  });
});

describe("close", () => {
  test("ends everything that waits, and every timer", async () => {
    setting.server.script = () => true;
    const client = setting.createClient();
    await client.connect();
    client.subscribe("news");
    const waiting = [client.publish("news", { message: "hi" }), client.history("news"), client.ping()].map(
      outcomeOf,
    );
    await until(() => setting.server.peers[0]!.received.length === 4);
    client.close();
    expect(await Promise.all(waiting)).toEqual(["closed", "closed", "closed"]);
    expect([client.state, client.transport, setting.clock.pending]).toEqual(["closed", null, 0]);
    await until(() => setting.server.open.length === 0);
    announce("online");
    expect(setting.clock.pending).toBe(0);
  });

  test("rejects a connect that is under way, in the middle of an attempt or between two", async () => {
    setting.server.acceptsWebSockets = false;
    for (const refusals of [0, 2]) {
      const client = setting.createClient({ transports: ["websocket"] });
      const before = setting.server.upgradesRefused;
      const outcome = outcomeOf(client.connect());
      await until(() => setting.server.upgradesRefused >= before + refusals);
      client.close();
      expect(await outcome).toBe("closed");
      expect(setting.clock.pending).toBe(0);
    }
  });

  test("needs nobody to listen to the connect that it rejects", async () => {
    const client = setting.createClient();
    void client.connect();
    client.close();
    // An unhandled rejection would end the test here.
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.state).toBe("closed");
  });

  test("during the token function leaves nothing that connects later", async () => {
    let release: (token: string) => void = () => {};
    const token = () =>
      new Promise<string>((resolve) => {
        release = resolve;
      });
    let sockets = 0;
    class CountedWebSocket extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets += 1;
      }
    }
    const client = setting.createClient({ token, WebSocket: CountedWebSocket });
    const outcome = outcomeOf(client.connect());
    client.close();
    release("late");
    expect(await outcome).toBe("closed");
    await new Promise((resolve) => setImmediate(resolve));
    expect([sockets, setting.clock.pending]).toEqual([0, 0]);
  });

  test("can be followed by connect: subscriptions go on where they stopped", async () => {
    const { server } = setting;
    const client = setting.createClient();
    const { subscription, offsets } = collect(client, "news");
    await client.connect();
    await until(() => subscription.state === "subscribed");
    server.publish("news");
    await until(() => offsets.length === 1);
    client.close();
    server.publish("news");
    await client.connect();
    await until(() => offsets.length === 2);
    expect(offsets).toEqual([1, 2]);
  });

  test("in a handler of the first event is respected", async () => {
    const client = setting.createClient();
    client.subscribe("news");
    client.on("welcome", () => client.close());
    await client.connect();
    expect([client.state, setting.clock.pending]).toEqual(["closed", 0]);
    await until(() => setting.server.open.length === 0);
    expect(setting.server.peers[0]!.received).toEqual([]);
  });
});

describe("other frames", () => {
  test("members, requests and errors are events; a request can be answered in parts", async () => {
    const client = setting.createClient();
    const seen: unknown[] = [];
    client.on("join", ({ topic, user_id }) => seen.push(`join ${topic} ${user_id}`));
    client.on("leave", ({ topic, user_id }) => seen.push(`leave ${topic} ${user_id}`));
    client.on("error", ({ code }) => seen.push(`error ${code}`));
    client.on("request", (request) => {
      request.respond({ half: 1 }, { final: false });
      request.respond({ half: 2 });
    });
    await client.connect();
    const [peer] = setting.server.open;
    peer!.send({ type: "join", topic: "news", user_id: "bob" });
    peer!.send({ type: "leave", topic: "news", user_id: "bob" });
    peer!.send({ type: "error", code: "rate_limited", message: "slowly" });
    peer!.send({ type: "invented", field: 1 });
    peer!.send({ type: "request", correlation_id: "q1", message: "well?", timeout_ms: 1000 });
    await until(() => framesOf(peer, "response").length === 2);
    expect(seen).toEqual(["join news bob", "leave news bob", "error rate_limited"]);
    expect(framesOf(peer, "response")).toEqual([
      { type: "response", correlation_id: "q1", data: { half: 1 }, final: false },
      { type: "response", correlation_id: "q1", data: { half: 2 }, final: true },
    ]);
  });

  test("a handler that throws is reported, and does no harm", async () => {
    const client = setting.createClient();
    const errors: FanfareError[] = [];
    client.on("error", (error) => errors.push(error));
    const { subscription, offsets } = collect(client, "news");
    subscription.on("publication", () => {
      throw new Error("oops");
    });
    await client.connect();
    await until(() => subscription.state === "subscribed");
    setting.server.publish("news");
    setting.server.publish("news");
    await until(() => offsets.length === 2);
    expect(errors.map(({ code, cause }) => `${code} ${(cause as Error).message}`)).toEqual([
      "handler_failed oops",
      "handler_failed oops",
    ]);
  });
});
