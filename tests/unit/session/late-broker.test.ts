import { describe, expect, test } from "bun:test";
import type { HistoryQuery } from "../../../src/broker/port.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { PublishRequest } from "../../../src/core/publication.ts";
import type { SessionLimits } from "../../../src/session/context.ts";
import { AsyncBroker, HeldWire } from "../../support/async-broker.ts";
import { createSessions, type Frame, HeldBroker } from "./session-harness.ts";

const outOfReach = new Failure("unavailable", "The broker is out of reach.");

const brief = (frames: readonly Frame[]) =>
  frames.map(({ type, id, topic, topics, offset, code, recovered }) =>
    [type, id, topic, topics?.map((state: Frame) => state.topic).join("+"), offset, code, recovered]
      .filter((part) => part !== undefined && part !== "")
      .join(" "),
  );

/** Sessions on a broker whose wires are in the test's hands. */
function start(limits: Partial<SessionLimits> = {}) {
  const wires = { calls: new HeldWire(), answers: new HeldWire(), news: new HeldWire() };
  let broker!: AsyncBroker;
  const sessions = createSessions({
    limits,
    broker: { kept: { notifications: { count: 5, inHistory: false } } },
    connect(create, sink) {
      broker = new AsyncBroker(create, sink, wires);
      return broker;
    },
  });
  const { hub, scheduler } = sessions;
  const arrive = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    while (wires.calls.held + wires.answers.held + wires.news.held > 0) {
      await wires.calls.release();
      await wires.news.release();
      await wires.answers.release();
    }
  };
  /** Publishes as another node does; the position. */
  const publish = async (topic: string, more: Partial<PublishRequest> = {}) => {
    const outcome = hub.publish({ topic, event: "m", message: "m", store: true, ...more });
    await arrive();
    const settled = await outcome;
    if (!(settled instanceof Object) || settled instanceof Failure) throw new Error("not published");
    return settled;
  };
  /** Lets a topic be open before a client comes. */
  const warm = async (...topics: string[]) => {
    hub.hold(topics);
    await arrive();
  };
  const wait = async (ms: number) => {
    scheduler.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...sessions, broker, wires, arrive, publish, warm, wait };
}

describe("commands of one connection on one topic", () => {
  test("publishes are sent on at once, one after the other; others wait, and hold up what is behind them", async () => {
    const { connect, wires, arrive } = start();
    const client = connect();
    for (let id = 1; id <= 3; id++) client.send({ type: "publish", id, topic: "t", message: "m" });
    client.send({ type: "history", id: 4, topic: "t" });
    client.send({ type: "publish", id: 5, topic: "t", message: "m" });
    client.send({ type: "publish", id: 6, topic: "other", message: "m" });
    expect(wires.calls.held).toBe(4);
    await wires.calls.release();
    await wires.answers.release(1);
    expect(brief(client.take())).toEqual(["ack 1 t 1"]);
    await arrive();
    expect(brief(client.take())).toEqual([
      "ack 2 t 2",
      "ack 3 t 3",
      "ack 6 other 1",
      "history 4 t 3",
      "ack 5 t 4",
    ]);
  });

  test("so many of them are under way, then the client is not read from", async () => {
    const { connect, arrive } = start({ commandsInFlightMax: 3 });
    const client = connect();
    for (let id = 1; id <= 2; id++) client.send({ type: "publish", id, topic: "t", message: "m" });
    expect(client.link.isReading).toBe(true);
    client.send({ type: "publish", id: 3, topic: "t", message: "m" });
    expect(client.link.isReading).toBe(false);
    await arrive();
    expect(client.link.isReading).toBe(true);
  });

  test("one that breaks off is told, and those behind it run", async () => {
    const { connect } = createSessions({
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, name) {
            const value = Reflect.get(target, name);
            if (typeof value !== "function") return value;
            if (name !== "history") return value.bind(target);
            return async (query: HistoryQuery) => {
              if (query.topic === "t") throw new Error("lost");
              return await target.history(query);
            };
          },
        }),
    });
    const client = connect();
    client.send({ type: "history", id: 1, topic: "t" });
    client.send({ type: "history", id: 2, topic: "other" });
    client.send({ type: "history", id: 3, topic: "t" });
    client.send({ type: "publish", id: 4, topic: "t", message: "m" });
    for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
    expect(brief(client.take())).toEqual([
      "error internal",
      "history 2 other 0",
      "error internal",
      "ack 4 t 1",
    ]);
  });

  test("a publish is answered in time, whatever a subscription before it waits for", async () => {
    const { connect, broker, arrive, wait } = start();
    const client = connect();
    broker.fail(outOfReach);
    client.send({ type: "subscribe", id: 1, topic: "t" });
    client.send({ type: "publish", id: 2, topic: "t", message: "m" });
    await arrive();
    await wait(999);
    expect(client.take()).toEqual([]);
    await wait(1);
    await arrive();
    expect(brief(client.take())).toEqual(["error 2 unavailable"]);
    broker.recover();
    await arrive();
    expect(brief(client.take())).toEqual(["subscribed 1 t 0"]);
  });

  test("a subscription that waits for long is ended by what the client asks next of the topic", async () => {
    const { connect, broker, arrive, wait, hub } = start();
    const client = connect();
    broker.fail(outOfReach);
    client.send({ type: "subscribe", id: 1, topic: "a" });
    client.send({ type: "subscribe", id: 2, topic: "b" });
    await arrive();
    await wait(1000);
    client.send({ type: "unsubscribe", id: 3, topic: "a" });
    client.send({ type: "subscribe", id: 4, topic: "b" });
    await arrive();
    expect(brief(client.take())).toEqual(["unsubscribed 3 a", "error 1 a conflict", "error 2 b conflict"]);
    broker.recover();
    await arrive();
    expect(brief(client.take())).toEqual(["subscribed 4 b 0"]);
    expect([hub.subscriptions, hub.topicsRead]).toEqual([1, 1]);
    client.link.end();
    expect([hub.subscriptions, hub.topicsRead]).toEqual([0, 0]);
  });
});

describe("late answers to a client that does not read", () => {
  const limits = { backpressureLimitBytes: 4000 };

  test("come one at a time, each when it has taken the one before; no other is asked for meanwhile", async () => {
    const { connect, arrive, publish, wires } = start(limits);
    for (const topic of ["a", "b", "c"]) await publish(topic, { message: "x".repeat(1500) });
    const client = connect();
    client.link.onSend = (text) => {
      client.link.buffered += text.length;
    };
    for (const [id, topic] of ["a", "b", "c"].entries()) client.send({ type: "history", id, topic });
    client.send({ type: "presence", id: 3, topic: "a" });
    client.send({ type: "publish", topic: "d", message: "not held up" });
    expect(wires.calls.held).toBe(2);
    await arrive();
    expect(brief(client.take())).toEqual(["history 0 a 1"]);
    expect(client.link.isReading).toBe(false);
    client.link.drain();
    expect(brief(client.take())).toEqual(["history 1 b 1"]);
    await arrive();
    expect(client.take()).toEqual([]);
    client.link.drain();
    await arrive();
    client.link.drain();
    await arrive();
    expect(brief(client.take())).toEqual(["history 2 c 1", "presence 3 a"]);
    expect(client.link.isReading).toBe(true);
  });

  test("replays of topics that were cold come one at a time, too", async () => {
    const { connect, arrive, publish } = start(limits);
    const since: Frame[] = [];
    for (const topic of ["a", "b", "c"]) {
      since.push({ epoch: (await publish(topic, { message: "x".repeat(1500) })).epoch, offset: 0 });
    }
    const client = connect();
    client.link.onSend = (text) => {
      client.link.buffered += text.length;
    };
    for (const [id, topic] of ["a", "b", "c"].entries())
      client.send({ type: "subscribe", id, topic, since: since[id] });
    await arrive();
    expect(brief(client.take())).toEqual(["subscribed 0 a 1 true", "m a 1"]);
    await publish("b");
    client.link.drain();
    expect(brief(client.take())).toEqual(["subscribed 1 b 2 true", "m b 1", "m b 2"]);
    client.link.drain();
    expect(brief(client.take())).toEqual(["subscribed 2 c 1 true", "m c 1"]);
  });

  test("and none comes to one that is gone", async () => {
    const { connect, arrive, hub, wires } = start(limits);
    const client = connect();
    client.link.buffered = 0;
    client.send({ type: "history", id: 1, topic: "a" });
    client.send({ type: "history", id: 2, topic: "b" });
    client.send({ type: "subscribe", id: 3, topic: "c" });
    client.link.end();
    await arrive();
    expect(client.link.socket.take()).toEqual([]);
    expect(wires.calls.held).toBe(0);
    expect([hub.subscriptions, hub.topicsRead]).toEqual([0, 0]);
  });
});

describe("opening", () => {
  test("waits for its topics; they are all in welcome, with what was missed behind it and live ones after", async () => {
    const { connect, arrive, publish, warm, wires, hub } = start();
    const { epoch } = await publish("cold");
    await publish("warm");
    await warm("warm");
    void hub.publish({ topic: "warm", event: "m", message: "meanwhile", store: true });
    const client = connect(`topics=warm,cold,new&since=cold:${epoch}:0`);
    await wires.calls.release(1);
    await wires.news.release(1);
    expect(hub.positionOf("warm")?.offset).toBe(2);
    expect(client.take()).toEqual([]);
    await arrive();
    const frames = client.take();
    expect(brief(frames)).toEqual(["welcome warm+cold+new", "m cold 1"]);
    expect(frames[0]!.topics.map(({ offset, recovered }: Frame) => [offset, recovered])).toEqual([
      [2, false],
      [1, true],
      [0, false],
    ]);
    await publish("warm");
    await publish("new");
    expect(brief(client.take())).toEqual(["m warm 3", "m new 1"]);
  });

  test("what waits longer than a second follows, and the others do not wait for it", async () => {
    const { connect, broker, publish, arrive, warm, wait } = start();
    await warm("warm");
    const { epoch } = await publish("cold");
    broker.fail(outOfReach);
    const client = connect(`topics=cold,warm&since=cold:${epoch}:0`);
    await arrive();
    await wait(999);
    expect(client.take()).toEqual([]);
    await wait(1);
    expect(brief(client.take())).toEqual(["welcome warm"]);
    client.send({ type: "publish", id: 1, topic: "cold", message: "m" });
    await arrive();
    expect(brief(client.take())).toEqual(["error 1 unavailable"]);
    broker.recover();
    await arrive();
    expect(brief(client.take())).toEqual(["subscribed cold 1 true", "m cold 1"]);
    await publish("cold");
    expect(brief(client.take())).toEqual(["m cold 2"]);
  });

  test("nothing reaches the client before its welcome, and what it asks meanwhile keeps its order behind it", async () => {
    const { connect, arrive, context, hub } = start();
    const client = connect("topics=t&user_id=alice");
    expect(context.users.connectionsOf("alice").size).toBe(1);
    client.send({ type: "publish", id: 1, topic: "t", message: "m" });
    client.send("{broken");
    client.session.receiveBinary(1);
    client.send({ type: "unsubscribe", id: 2, topic: "t" });
    client.session.tell("request", '{"type":"request"}');
    client.session.addTopic("added");
    void hub.publish({ topic: "t", event: "m", message: "m", store: true });
    expect(client.take()).toEqual([]);
    expect(client.link.isReading).toBe(false);
    await arrive();
    const frames = brief(client.take());
    expect(frames[0]).toBe("welcome t+user:alice");
    expect(frames).toContain("subscribed added 0");
    expect(frames.filter((text) => !/^m|welcome|added/.test(text))).toEqual([
      "error bad_request",
      "error bad_request",
      "request",
      "ack 1 t 2",
      "unsubscribed 2 t",
    ]);
    expect(client.link.isReading).toBe(true);
  });

  test("a position that is still on its way to this node: the topic follows, and what the client asks of it behind", async () => {
    const { connect, arrive, warm, wires, hub } = start();
    await warm("t");
    const { epoch } = hub.positionOf("t")!;
    void hub.publish({ topic: "t", event: "m", message: "m", store: true });
    await wires.calls.release();
    const client = connect(`topics=t,new&since=t:${epoch}:1`);
    client.send({ type: "unsubscribe", id: 1, topic: "t" });
    // `new` has its answer before what was published arrives.
    await wires.calls.release();
    const [published] = wires.news.takeOut(1);
    await wires.news.release();
    expect(brief(client.take())).toEqual(["welcome new"]);
    published!();
    await arrive();
    expect(brief(client.take())).toEqual(["subscribed t 1 true", "unsubscribed 1 t"]);
  });

  test("replays that are too much at once come when the client has taken the others, before its commands", async () => {
    const { connect, arrive, publish } = start({ backpressureLimitBytes: 4000 });
    const since: string[] = [];
    for (const topic of ["a", "b", "c"]) {
      since.push(`${topic}:${(await publish(topic, { message: "x".repeat(600) })).epoch}:0`);
    }
    const client = connect(`topics=a,b,c&since=${since.join(",")}`);
    client.send({ type: "ping", id: 1 });
    await arrive();
    expect(brief(client.take())).toEqual([
      "welcome a+b",
      "m a 1",
      "m b 1",
      "subscribed c 1 true",
      "m c 1",
      "pong 1",
    ]);
  });

  test("a client that is gone meanwhile leaves nothing behind", async () => {
    const { connect, arrive, hub, broker, context, scheduler } = start();
    const client = connect("topics=a,b&user_id=alice");
    client.send({ type: "publish", topic: "a", message: "never" });
    client.link.end();
    await arrive();
    expect(client.link.socket.take()).toEqual([]);
    expect([hub.subscriptions, hub.topicsRead, context.users.users]).toEqual([0, 0, 0]);
    scheduler.advance(10_000);
    expect(broker.followed).toBe(0);
  });

  test("and one that is gone before the broker answered is not waited for longer than the others", async () => {
    const { connect, arrive, hub, broker, wait } = start();
    broker.fail(outOfReach);
    const client = connect("topics=a");
    client.link.end();
    await arrive();
    await wait(1000);
    expect([hub.topicsRead, broker.followed]).toEqual([0, 0]);
  });
});

describe("bringing a new connection up to date", () => {
  const told = (frames: readonly Frame[]) =>
    frames.filter(({ type }) => type === "n").map(({ offset }) => offset);

  test("the broker is asked before the live ones start: none is missing between, and none comes twice", async () => {
    const { connect, arrive, publish, warm, wires, hub } = start();
    await warm("chat", "alerts", "notifications");
    for (let count = 0; count < 2; count++) await publish("notifications", { event: "n" });
    const publishLate = async () => {
      void hub.publish({ topic: "notifications", event: "n", message: "m", store: true });
      await wires.calls.release();
    };
    // The broker has this one, and this node has yet to hear of it.
    await publishLate();
    const client = connect("");
    await wires.calls.release();
    // The broker has answered by now; these come while the answer is on its way.
    await publishLate();
    await publishLate();
    await wires.news.release();
    expect(client.take()).toEqual([]);
    await arrive();
    await publish("notifications", { event: "n" });
    const frames = client.take();
    expect(frames[0]!.type).toBe("welcome");
    expect(told(frames)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("of topics that are cold it is asked once they are open", async () => {
    const { connect, arrive, publish } = start();
    for (let count = 0; count < 7; count++) await publish("notifications", { event: "n" });
    const client = connect("");
    await arrive();
    const frames = client.take();
    expect(brief(frames)[0]).toBe("welcome chat+notifications+alerts");
    expect(told(frames)).toEqual([3, 4, 5, 6, 7]);
  });

  test("none are told when the broker cannot say, or not in time", async () => {
    const failing = start();
    await failing.warm("chat", "alerts", "notifications");
    await failing.publish("notifications", { event: "n" });
    failing.broker.fail(outOfReach);
    const client = failing.connect("");
    await failing.arrive();
    expect(brief(client.take())).toEqual(["welcome chat+notifications+alerts"]);

    const slow = start();
    await slow.warm("chat", "alerts", "notifications");
    await slow.publish("notifications", { event: "n" });
    const late = slow.connect("");
    await slow.wait(1000);
    expect(brief(late.take())).toEqual(["welcome chat+notifications+alerts"]);
    await slow.arrive();
    expect(late.take()).toEqual([]);
  });
});

test("a publication of this node alone is acknowledged as that", async () => {
  const { connect } = createSessions({
    wrap: (broker) =>
      new Proxy(broker, {
        get(target, name) {
          if (name === "publish") return () => "local";
          const value: unknown = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  });
  expect(connect().ask({ type: "publish", id: 1, topic: "t", message: "m" })).toEqual([
    { type: "ack", id: 1, topic: "t", local: true },
  ]);
});

test("a held broker's opening is its client's first frame", async () => {
  const broker = new HeldBroker();
  const { connect } = createSessions({ wrap: broker.wrap(["follow"]) });
  const client = connect("topics=t");
  client.send({ type: "publish", id: 1, topic: "t", message: "m" });
  client.send({ type: "unsubscribe", id: 2, topic: "t" });
  expect(client.take()).toEqual([]);
  await broker.release();
  // Ack and own publication come in either order.
  const frames = client.take().filter(({ type }) => type !== "message");
  expect(brief(frames)).toEqual(["welcome t", "ack 1 t 1", "unsubscribed 2 t"]);
});
