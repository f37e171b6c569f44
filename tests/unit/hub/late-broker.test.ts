import { describe, expect, test } from "bun:test";
import type { Broker, BrokerSink } from "../../../src/broker/port.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { PublishRequest } from "../../../src/core/publication.ts";
import { AsyncBroker, HeldWire } from "../../support/async-broker.ts";
import { Client, publish, settled } from "./model/hub-client.ts";
import { createHub, mebibyte } from "./model/hub-harness.ts";
import { publicationAt } from "./publications.ts";

/** A hub whose broker's wires are in the test's hands. */
function start() {
  const wires = { calls: new HeldWire(), answers: new HeldWire(), news: new HeldWire() };
  let broker!: AsyncBroker;
  const underTest = createHub({
    broker: { topicsMax: 10_000 },
    connect(create, sink) {
      broker = new AsyncBroker(create, sink, wires);
      return broker;
    },
  });
  /** Lets everything arrive that is on its way, and what follows from it. */
  const arrive = async () => {
    while (wires.calls.held + wires.answers.held + wires.news.held > 0) {
      await wires.calls.release();
      await wires.news.release();
      await wires.answers.release();
    }
    underTest.scheduler.settle();
  };
  const publishLate = (topic: string, more: Partial<PublishRequest> = {}) =>
    underTest.hub.publish({ topic, event: "message", message: "m", store: true, ...more });
  /** A client that reads a topic. */
  const reader = async (topic: string) => {
    const client = new Client(underTest);
    client.subscribe(topic);
    await arrive();
    return client;
  };
  return { ...underTest, underTest, broker, wires, arrive, publishLate, reader };
}

describe("a topic that is followed late", () => {
  test("whose last waiter left meanwhile is closed, whatever the broker answers then", async () => {
    const { underTest, broker, wires, hub } = start();
    const client = new Client(underTest);
    client.subscribe("t");
    await wires.calls.release();
    client.unsubscribe("t");
    expect([hub.topicsRead, broker.followed]).toEqual([0, 0]);
    await wires.news.release();
    await wires.calls.release();
    expect(client.answers).toEqual([]);
    expect([hub.topicsRead, hub.subscriptions, broker.followed]).toEqual([0, 0, 0]);
  });

  test("and closed and wanted again answers the one who waits now, once", async () => {
    const { underTest, wires, arrive, hub } = start();
    const [first, second] = [new Client(underTest), new Client(underTest)];
    first.subscribe("t");
    await wires.calls.release();
    first.unsubscribe("t");
    second.subscribe("t");
    await arrive();
    expect([first.answers.length, second.answers.length]).toEqual([0, 1]);
    expect(hub.subscriptions).toBe(1);
  });

  test("waits as long as the broker is out of reach", async () => {
    const { underTest, broker, arrive } = start();
    broker.fail(new Failure("unavailable", "out of reach"));
    const client = new Client(underTest);
    client.subscribe("t");
    await arrive();
    expect(client.seen()).toEqual([]);
    broker.recover();
    await arrive();
    expect(client.seen()).toEqual(["live()@0"]);
  });
});

describe("a topic that nobody reads any more", () => {
  test("is kept for a while: who comes back needs no answer of the broker, and misses nothing", async () => {
    const { broker, wires, arrive, hub, publishLate, reader, scheduler } = start();
    const client = await reader("t");
    const { epoch } = client.answers[0]!;
    client.unsubscribe("t");
    expect([hub.topicsRead, broker.followed]).toEqual([0, 1]);
    void publishLate("t");
    await arrive();
    scheduler.advance(4000);
    client.subscribe("t", { epoch, offset: 0 });
    expect(client.seen()).toEqual(["live()@0", "true(1)@1"]);
    expect(wires.calls.held).toBe(0);
    scheduler.advance(60_000);
    expect([hub.topicsRead, broker.followed]).toEqual([1, 1]);
  });

  test("is closed when the while is over, and opened anew for who comes then", async () => {
    const { underTest, broker, arrive, reader, scheduler, hub } = start();
    const client = await reader("t");
    client.unsubscribe("t");
    scheduler.advance(5000);
    expect(broker.followed).toBe(0);
    const late = new Client(underTest);
    late.subscribe("t");
    expect(late.seen()).toEqual([]);
    await arrive();
    expect(late.seen()).toEqual(["live()@0"]);
    expect(hub.topicsRead).toBe(1);
  });

  test("but only a thousand of them: the one that was read the longest time ago goes first", async () => {
    const { underTest, broker, arrive } = start();
    const client = new Client(underTest);
    const topics = Array.from({ length: 1003 }, (_, number) => `t${number}`);
    for (const topic of topics) client.subscribe(topic);
    await arrive();
    for (const topic of topics) client.unsubscribe(topic);
    expect(broker.followed).toBe(1000);
    client.seen();
    client.subscribe("t3");
    expect(client.seen()).toEqual(["live()@0"]);
    client.subscribe("t2");
    expect(client.seen()).toEqual([]);
  });

  test("leaves no timer when the hub is closed", async () => {
    const { reader, scheduler, hub } = start();
    const client = await reader("t");
    client.unsubscribe("t");
    await hub.close();
    expect(scheduler.timers).toBe(0);
  });

  test("is closed at once where the broker answers in place", () => {
    const unfollowed: string[] = [];
    const underTest = createHub({
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, name) {
            if (name === "unfollow") return (topic: string) => unfollowed.push(topic);
            const value: unknown = Reflect.get(target, name);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
    });
    const client = new Client(underTest);
    client.subscribe("t");
    client.unsubscribe("t");
    expect(unfollowed).toEqual(["t"]);
  });
});

describe("topics that are held", () => {
  test("are open until they are let go, and are entered in place", async () => {
    const { underTest, broker, arrive, hub, scheduler } = start();
    const hold = hub.hold(["a", "b"]);
    let isReady = false;
    void hold.ready?.then(() => {
      isReady = true;
    });
    await settled();
    expect(isReady).toBe(false);
    await arrive();
    expect(isReady).toBe(true);
    scheduler.advance(60_000);
    const client = new Client(underTest);
    client.subscribe("a");
    expect(client.seen()).toEqual(["live()@0"]);
    hold.release();
    scheduler.advance(5000);
    expect([hub.topicsRead, broker.followed]).toEqual([1, 1]);
    expect(hub.hold(["a"]).ready).toBeNull();
  });

  test("and let go before the broker answered are closed", async () => {
    const { broker, wires, hub } = start();
    const hold = hub.hold(["a"]);
    const other = hub.hold(["a"]);
    hold.release();
    expect(broker.followed).toBe(1);
    other.release();
    expect([hub.topicsRead, broker.followed]).toEqual([0, 0]);
    await wires.calls.release();
    expect(wires.news.held).toBe(0);
  });

  test("of a broker that answers in place are ready at once, and gone when they are let go", () => {
    const { hub } = createHub();
    const hold = hub.hold(["a", "b"]);
    expect(hold.ready).toBeNull();
    expect(hub.topicsRead).toBe(2);
    hold.release();
    expect(hub.topicsRead).toBe(0);
  });
});

describe("a position whose publication is still on its way to this node", () => {
  test("is waited for", async () => {
    const { underTest, wires, arrive, publishLate, reader } = start();
    const { epoch } = (await reader("t")).answers[0]!;
    const ack = publishLate("t");
    await wires.calls.release();
    await wires.answers.release();
    expect(await ack).toMatchObject({ epoch, offset: 1 });
    const publisher = new Client(underTest);
    publisher.subscribe("t", { epoch, offset: 1 });
    expect(publisher.seen()).toEqual([]);
    await wires.news.release();
    expect(publisher.seen()).toEqual(["true()@1"]);
    void publishLate("t");
    await arrive();
    expect(publisher.seen()).toEqual([2]);
  });

  test("but not for ever: it may be none that this topic has", async () => {
    const { underTest, reader, scheduler } = start();
    const { epoch } = (await reader("t")).answers[0]!;
    const client = new Client(underTest);
    client.subscribe("t", { epoch, offset: 7 });
    scheduler.advance(999);
    expect(client.seen()).toEqual([]);
    scheduler.advance(1);
    expect(client.seen()).toEqual(["false()@0"]);
  });

  test("nor behind a break, nor for one who left", async () => {
    const { underTest, hub, arrive, reader, scheduler } = start();
    const first = await reader("t");
    const { epoch } = first.answers[0]!;
    const [waiting, leaving] = [new Client(underTest), new Client(underTest)];
    waiting.subscribe("t", { epoch, offset: 7 });
    leaving.subscribe("t", { epoch, offset: 7 });
    leaving.unsubscribe("t");
    void hub.broker.clearHistory("t");
    await arrive();
    expect(waiting.seen()).toEqual(["false()@0"]);
    // The memory broker's own.
    expect(scheduler.timers).toBe(1);
    scheduler.advance(5000);
    expect(leaving.seen()).toEqual([]);
    expect(hub.subscribersOf("t")).toBe(2);
  });
});

describe("a subscriber that chooses its moment", () => {
  test("is let in when it says so, with what it can be sent by then", async () => {
    const { underTest, arrive, publishLate, hub } = start();
    const admits: ((replayBytesMax?: number) => void)[] = [];
    void publishLate("t");
    await arrive();
    const page = await history(hub.broker, arrive);
    const since = { epoch: page.epoch, offset: 0 };
    const clients = [new Client(underTest), new Client(underTest), new Client(underTest)];
    for (const client of clients) {
      client.whenReady = (admit) => admits.push(admit);
      client.subscribe("t", since);
    }
    await arrive();
    expect([admits.length, hub.subscriptions]).toEqual([3, 0]);
    void publishLate("t");
    await arrive();
    clients[2]!.unsubscribe("t");
    for (const [index, admit] of admits.entries()) admit(index === 0 ? undefined : 1);
    expect(clients.map((client) => client.seen())).toEqual([["true(1,2)@2"], ["false()@2"], []]);
    expect(hub.subscriptions).toBe(2);
  });
});

async function history(broker: Broker, arrive: () => Promise<void>) {
  const page = broker.history({ topic: "t", limit: 1, bytesMax: 1000 });
  await arrive();
  const settledPage = await page;
  if (settledPage instanceof Failure) throw new Error(settledPage.message);
  return settledPage;
}

test("what other nodes publish faster than readers here take it ends in a break, and not in their memory", () => {
  let sink!: BrokerSink;
  const underTest = createHub({
    connect(create, hub) {
      sink = hub;
      return create(hub);
    },
  });
  const client = new Client(underTest);
  client.subscribe("t");
  const { epoch } = client.answers[0]!;
  const filler = "x".repeat(mebibyte);
  let offset = 0;
  for (let count = 0; count < 300; count++) {
    sink.deliver("t", publicationAt(++offset, { topic: "t", message: filler }));
  }
  underTest.scheduler.settle();
  const seen = client.seen();
  const breaks = seen.filter((what) => typeof what === "string" && what.startsWith("break"));
  expect(breaks.length).toBe(2);
  const last = Number(/@(\d+)$/.exec(String(breaks.at(-1)))![1]);
  const after = seen.slice(seen.indexOf(breaks.at(-1)!) + 1);
  expect(after).toEqual(Array.from({ length: 300 - last }, (_, index) => last + 1 + index));
  expect(underTest.hub.positionOf("t")).toEqual({ epoch, offset: 300 });
  expect(publish(underTest, "other").offset).toBe(1);
});
