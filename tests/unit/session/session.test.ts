import { describe, expect, test } from "bun:test";
import { createSessions, type Frame, HeldBroker } from "./session-harness.ts";

const brief = (frames: readonly Frame[]) =>
  frames.map(({ type, id, topic, offset, code, recovered }) =>
    [type, id, topic, offset, code, recovered].filter((part) => part !== undefined).join(" "),
  );

describe("commands", () => {
  test("of one topic run in their order, although each waits for the broker", async () => {
    const broker = new HeldBroker();
    const { connect } = createSessions({ wrap: broker.wrap(["publish", "history", "follow", "presence"]) });
    const client = connect();
    client.send({ type: "publish", id: 1, topic: "t", message: "one" });
    client.send({ type: "history", id: 2, topic: "t" });
    client.send({ type: "subscribe", id: 3, topic: "t" });
    client.send({ type: "publish", id: 4, topic: "t", message: "two" });
    client.send({ type: "presence", id: 5, topic: "t" });
    client.send({ type: "unsubscribe", id: 6, topic: "t" });
    expect(broker.held).toBe(1);
    expect(client.take()).toEqual([]);
    await broker.release(5);
    expect(brief(client.take())).toEqual([
      "ack 1 t 1",
      "history 2 t 1",
      "subscribed 3 t 1",
      "message t 2",
      "ack 4 t 2",
      "presence 5 t",
      "unsubscribed 6 t",
    ]);
  });

  test("of other topics do not wait for them", async () => {
    const broker = new HeldBroker();
    const { connect } = createSessions({ wrap: broker.wrap(["history"]) });
    const client = connect();
    client.send({ type: "history", id: 1, topic: "slow" });
    expect(brief(client.ask({ type: "publish", id: 2, topic: "quick", message: "m" }))).toEqual([
      "ack 2 quick 1",
    ]);
    await broker.release();
    expect(brief(client.take())).toEqual(["history 1 slow 0"]);
  });

  test("so many of them wait, then the client is not read from until one is answered", async () => {
    const broker = new HeldBroker();
    const { connect } = createSessions({
      wrap: broker.wrap(["history"]),
      limits: { commandsInFlightMax: 3 },
    });
    const client = connect();
    for (let id = 1; id <= 2; id++) client.send({ type: "history", id, topic: "t" });
    expect(client.link.isReading).toBe(true);
    client.send({ type: "history", id: 3, topic: "other" });
    expect(client.link.isReading).toBe(false);
    await broker.release();
    expect(client.link.isReading).toBe(true);
  });

  test("that have not begun are forgotten with their connection", async () => {
    const broker = new HeldBroker();
    const { connect, hub, errors } = createSessions({ wrap: broker.wrap(["publish", "follow"]) });
    const client = connect();
    client.send({ type: "publish", topic: "t", message: "under way" });
    client.send({ type: "subscribe", id: 1, topic: "t" });
    client.send({ type: "publish", topic: "t", message: "waiting" });
    client.send({ type: "subscribe", id: 2, topic: "other" });
    client.link.end();
    await broker.release(5);
    expect(broker.held).toBe(0);
    expect(hub.broker.describe("t")).toMatchObject({ offset: 1 });
    expect([hub.subscriptions, hub.topicsRead]).toEqual([0, 0]);
    expect(errors).toEqual([]);
  });
});

describe("a client that takes less than it asks for", () => {
  const limits = { backpressureLimitBytes: 4000 };

  test("is not read from until it has taken what it was sent; then its commands run in their order", () => {
    const { connect } = createSessions({ limits });
    const client = connect();
    client.link.buffered = 1001;
    client.send({ type: "publish", id: 1, topic: "t", message: "one" });
    client.send({ type: "history", id: 2, topic: "t" });
    client.send({ type: "ping", id: 3 });
    expect(client.link.isReading).toBe(false);
    expect(client.take()).toEqual([]);
    client.link.drain();
    expect(client.link.isReading).toBe(true);
    expect(brief(client.take())).toEqual(["ack 1 t 1", "history 2 t 1", "pong 3"]);
  });

  test("gets one answer at a time while each fills its buffer", () => {
    const { connect } = createSessions({ limits });
    const client = connect();
    client.link.onSend = () => {
      client.link.buffered += 1500;
    };
    for (let id = 1; id <= 3; id++) client.send({ type: "ping", id });
    const answered: string[][] = [brief(client.take())];
    while (client.session.waitsForClient) {
      client.link.drain();
      answered.push(brief(client.take()));
    }
    expect(answered).toEqual([["pong 1"], ["pong 2"], ["pong 3"]]);
    expect(client.link.isReading).toBe(true);
  });

  test("subscribing to many in the midst of it: each once, before what was asked for later", () => {
    const { connect } = createSessions({ limits });
    const client = connect();
    client.link.buffered = 1001;
    client.send({ type: "subscribe", id: 1, topics: ["a", "b"] });
    client.send({ type: "publish", id: 2, topic: "b", message: "m" });
    client.link.drain();
    expect(brief(client.take())).toEqual([
      "subscribed 1 a 0",
      "subscribed 1 b 0",
      "message b 1",
      "ack 2 b 1",
    ]);
  });

  test("replays of many topics come as it takes them, and later commands behind them", () => {
    const { connect, hub } = createSessions({ limits });
    const topics = ["a", "b", "c"];
    const epochs = topics.map((topic) => {
      const outcome = hub.publish({ topic, event: "m", message: "x".repeat(600), store: true });
      return outcome instanceof Object && "epoch" in outcome ? outcome.epoch : "";
    });
    const client = connect();
    client.link.onSend = (text) => {
      client.link.buffered += text.length;
    };
    for (const [index, topic] of topics.entries()) {
      client.send({ type: "subscribe", id: index, topic, since: { epoch: epochs[index], offset: 0 } });
    }
    client.send({ type: "publish", id: "last", topic: "c", message: "m" });
    expect(brief(client.take())).toEqual([
      "subscribed 0 a 1 true",
      "m a 1",
      "subscribed 1 b 1 true",
      "m b 1",
    ]);
    client.link.drain();
    expect(brief(client.take())).toEqual(["subscribed 2 c 1 true", "m c 1", "message c 2", "ack last c 2"]);
  });

  test("and is gone: nothing of it runs any more", () => {
    const { connect, hub } = createSessions({ limits });
    const client = connect();
    client.link.buffered = 5000;
    client.send({ type: "publish", topic: "t", message: "m" });
    client.link.end();
    client.link.drain();
    expect(hub.broker.describe("t")).toBeNull();
  });
});

describe("opening", () => {
  test("welcome says where each topic stands, and what comes next follows it", () => {
    const { connect, hub } = createSessions();
    void hub.publish({ topic: "a", event: "message", message: "before", store: true });
    const client = connect("topics=a,b&user_id=alice&client=admin");
    const [welcome] = client.opening;
    expect(welcome).toMatchObject({
      type: "welcome",
      user_id: "alice",
      role: "admin",
      node: "node-1",
      ping_interval: 30,
    });
    expect(welcome!.topics.map(({ topic, offset }: Frame) => [topic, offset])).toEqual([
      ["a", 1],
      ["b", 0],
      ["user:alice", 0],
    ]);
    expect("recovered" in welcome!.topics[0]).toBe(false);
    expect(brief(client.ask({ type: "publish", topic: "a", message: "after" }))).toEqual(["message a 2"]);
  });

  test("a resume that is too much at once: some topics follow, when the client has taken the others", () => {
    const { connect, hub } = createSessions({ limits: { backpressureLimitBytes: 4000 } });
    const positions = ["a", "b", "c"].map((topic) => {
      const outcome = hub.publish({ topic, event: "m", message: "x".repeat(600), store: true });
      return `${topic}:${outcome instanceof Object && "epoch" in outcome ? outcome.epoch : ""}:0`;
    });
    const client = connect(`topics=a,b,c&since=${positions.join(",")}`);
    expect(brief(client.opening)).toEqual(["welcome", "m a 1", "m b 1", "subscribed c 1 true", "m c 1"]);
    expect(client.opening[0]!.topics.map(({ topic }: Frame) => topic)).toEqual(["a", "b"]);
  });
});

describe("topics of a connection", () => {
  test("are bound; leaving one makes room, restarting one needs none", () => {
    const { connect, hub } = createSessions({ limits: { topicsMax: 2 } });
    const client = connect("topics=a,b");
    const [refused] = client.ask({ type: "subscribe", id: 1, topic: "c" });
    expect(refused).toMatchObject({ type: "error", id: 1, code: "too_large", topic: "c" });
    expect(refused!.message).toContain("at most 2");
    expect(brief(client.ask({ type: "subscribe", id: 2, topic: "a" }))).toEqual(["subscribed 2 a 0"]);
    client.ask({ type: "unsubscribe", id: 3, topic: "b" });
    expect(brief(client.ask({ type: "subscribe", id: 4, topic: "c" }))).toEqual(["subscribed 4 c 0"]);
    expect(hub.subscriptions).toBe(2);
    expect(client.ask({ type: "subscribe", id: 5, topics: ["d", "e", "f"] })[0]).toMatchObject({
      id: 5,
      code: "too_large",
    });
  });

  test("are left when it closes, once", () => {
    const { connect, hub, context } = createSessions();
    const client = connect("topics=a,b&user_id=alice");
    expect(context.users.connectionsOf("alice").size).toBe(1);
    client.link.end();
    client.session.close();
    expect(hub.subscriptions).toBe(0);
    expect(context.users.users).toBe(0);
    client.send({ type: "publish", topic: "a", message: "m" });
    expect(hub.broker.describe("a")).toMatchObject({ offset: 0 });
  });
});

describe("bad frames", () => {
  test("are answered; the fiftieth within ten seconds ends the connection", () => {
    const { connect } = createSessions();
    const client = connect();
    for (let count = 1; count <= 49; count++) client.send("{broken");
    expect(client.link.closedFor).toBeNull();
    expect(client.take()).toHaveLength(49);
    client.send("{broken");
    expect(client.link.closedFor).toBe("tooFast");
  });

  test("binary ones count, good ones do not", () => {
    const { connect } = createSessions();
    const client = connect();
    for (let count = 1; count <= 49; count++) {
      client.session.receiveBinary(1);
      client.send({ type: "ping" });
    }
    expect(client.link.closedFor).toBeNull();
    client.session.receiveBinary(1);
    expect(client.link.closedFor).toBe("tooFast");
  });

  test("any ten seconds count, wherever they begin, and no more than ten", () => {
    const { connect, clock } = createSessions();
    const slow = connect();
    for (let count = 1; count <= 200; count++) {
      slow.send("{broken");
      clock.nowMs += 205;
    }
    expect(slow.link.closedFor).toBeNull();
    const bursts = connect();
    for (const untilMs of [9000, 0]) {
      for (let count = 1; count <= 25; count++) bursts.send("{broken");
      clock.nowMs += untilMs;
    }
    expect(bursts.link.closedFor).toBe("tooFast");
  });
});

describe("roles", () => {
  test.each([
    ["chat", "hello", ["echo chat 1"]],
    ["chat", { type: "notification", message: "hello" }, ["echo chat 1"]],
    ["chat", { message: "hello" }, ["echo chat 1"]],
    ["chat", "admin:hello", ["notification notifications 1"]],
    ["admin", "hello", ["notification notifications 1"]],
    ["admin", "admin:hello", ["notification notifications 1"]],
    ["admin", { data: { a: 1 } }, ["notification notifications 1"]],
    ["user", "hello", ["error forbidden"]],
    ["user", { id: 1, message: "hello" }, ["error 1 forbidden"]],
    ["user", { type: "publish", id: 1, topic: "t", message: "m" }, ["error 1 forbidden"]],
    ["user", "admin:hello", ["notification notifications 1"]],
    ["user", { type: "ping", id: 1 }, ["pong 1"]],
    ["user", { type: "history", id: 1, topic: "t" }, ["history 1 t 0"]],
    ["user", { type: "subscribe", id: 1, topic: "t" }, ["subscribed 1 t 0"]],
  ])("%s sends %j", (role, frame, answers) => {
    const { connect } = createSessions();
    const query = role === "chat" ? "" : `&client=${role}`;
    const client = connect(`topics=chat,notifications${query}`);
    expect(brief(client.ask(frame))).toEqual(answers);
  });

  test("a receive-only client is told in the words that its forerunner used", () => {
    const { connect } = createSessions();
    expect(connect("client=user&topics=").ask("hi")).toEqual([
      { type: "error", code: "forbidden", message: "You are not authorized" },
    ]);
  });
});

describe("who it is from", () => {
  test("user id, else name, else guest and the beginning of the connection's id", () => {
    const { connect } = createSessions();
    const senderOf = (query: string) => connect(`topics=chat&${query}`).ask("hi")[0]!.sender;
    expect(senderOf("user_id=alice&name=Al")).toBe("alice");
    expect(senderOf("name=Al")).toBe("Al");
    expect(senderOf("")).toBe("guest-connec");
  });
});
