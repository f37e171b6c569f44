import { describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { Client, publish, settled } from "./model/hub-client.ts";
import { createHub, mebibyte } from "./model/hub-harness.ts";
import { followLater, refuseToFollow } from "./model/slow-broker.ts";

const large = "x".repeat(400_000);

describe("subscribing", () => {
  test("starts after the newest, and live ones follow without a hole", () => {
    const underTest = createHub();
    const client = new Client(underTest);
    publish(underTest, "t", 3);
    client.subscribe("t");
    publish(underTest, "t", 2);
    underTest.scheduler.turn();
    expect(client.seen()).toEqual(["live()@3", 4, 5]);
    expect(client.results).toEqual([null]);
  });

  test("since a position: what was missed, then live ones", () => {
    const underTest = createHub();
    const client = new Client(underTest);
    const { epoch } = publish(underTest, "t", 5);
    client.subscribe("t", { epoch, offset: 2 });
    publish(underTest, "t");
    underTest.scheduler.turn();
    expect(client.seen()).toEqual(["true(3,4,5)@5", 6]);
    expect(underTest.counters).toMatchObject({
      resumesRecovered: 1,
      resumesNotRecovered: 0,
      publicationsReplayed: 3,
    });
  });

  test.each([
    ["the newest", (epoch: string) => ({ epoch, offset: 5 }), "true()@5"],
    ["the very start", (epoch: string) => ({ epoch, offset: 0 }), "true(1,2,3,4,5)@5"],
    ["beyond the newest", (epoch: string) => ({ epoch, offset: 6 }), "false()@5"],
    ["another epoch", () => ({ epoch: "another", offset: 5 }), "false()@5"],
  ])("since %s", (_, since, seen) => {
    const underTest = createHub();
    const client = new Client(underTest);
    const { epoch } = publish(underTest, "t", 5);
    client.subscribe("t", since(epoch));
    expect(client.seen()).toEqual([seen]);
  });

  test("the limits of a replay: publications, bytes, and the caller's own bytes", () => {
    const underTest = createHub({ hub: { resumeLimit: 4, resumeBytesMax: 10_000 } });
    const client = new Client(underTest);
    const { epoch } = publish(underTest, "t", 5);
    client.subscribe("t", { epoch, offset: 1 });
    client.unsubscribe("t");
    client.subscribe("t", { epoch, offset: 0 });
    client.unsubscribe("t");
    client.subscribe("t", { epoch, offset: 1 }, 100);
    client.unsubscribe("t");
    publish(underTest, "t", 1, "x".repeat(11_000));
    client.subscribe("t", { epoch, offset: 5 });
    expect(client.seen()).toEqual(["true(2,3,4,5)@5", "false()@5", "false()@5", "false()@6"]);
  });

  test("a resume at the edge of what is held is recovered, one before it is not", () => {
    const underTest = createHub({ log: { size: 3 } });
    const client = new Client(underTest);
    const { epoch } = publish(underTest, "t", 10);
    client.subscribe("t", { epoch, offset: 7 });
    client.unsubscribe("t");
    client.subscribe("t", { epoch, offset: 6 });
    expect(client.seen()).toEqual(["true(8,9,10)@10", "false()@10"]);
  });
});

describe("a burst that is larger than a turn", () => {
  /** A reader of `t`, and six publications of which three are handed over. */
  function start() {
    const underTest = createHub();
    const reader = new Client(underTest);
    reader.subscribe("t");
    const top = publish(underTest, "t", 6, large);
    underTest.scheduler.onFlush();
    expect(reader.seen()).toEqual(["live()@0", 1, 2, 3]);
    return { underTest, reader, top };
  }

  test("who comes in meanwhile starts where the others are, and misses nothing", () => {
    const { underTest, reader } = start();
    const late = new Client(underTest);
    late.subscribe("t");
    publish(underTest, "t");
    underTest.scheduler.settle();
    expect(late.seen()).toEqual(["live()@3", 4, 5, 6, 7]);
    expect(reader.seen()).toEqual([4, 5, 6, 7]);
  });

  test("since what was handed over: replayed up to there, the rest comes live, nothing twice", () => {
    const { underTest, top } = start();
    const late = new Client(underTest);
    late.subscribe("t", { epoch: top.epoch, offset: 1 });
    underTest.scheduler.settle();
    expect(late.seen()).toEqual(["true(2,3)@3", 4, 5, 6]);
  });

  test("since beyond what was handed over: answered when the others have come so far", async () => {
    const { underTest, top } = start();
    const ahead = new Client(underTest, "alice");
    ahead.subscribe("t", { epoch: top.epoch, offset: 5 });
    expect(ahead.seen()).toEqual([]);
    expect(underTest.hub.subscribersOf("t")).toBe(1);
    underTest.scheduler.settle();
    expect(ahead.seen()).toEqual(["true(6)@6"]);
    publish(underTest, "t");
    underTest.scheduler.turn();
    expect(ahead.seen()).toEqual([7]);
    await settled();
    expect(ahead.results).toEqual([null]);
  });

  test("who waits to be answered may leave: it is not answered, and not counted", async () => {
    const { underTest, top } = start();
    const ahead = new Client(underTest, "alice");
    ahead.subscribe("t", top);
    ahead.unsubscribe("t");
    underTest.scheduler.settle();
    await settled();
    expect(ahead.answers).toEqual([]);
    expect(ahead.results).toEqual([expect.any(Failure)]);
    expect(underTest.hub.subscriptions).toBe(1);
  });

  test("a break ends the wait: whoever waits for the old epoch is told", async () => {
    const { underTest, reader, top } = start();
    const ahead = new Client(underTest);
    ahead.subscribe("t", top);
    await underTest.hub.broker.clearHistory("t");
    publish(underTest, "t");
    underTest.scheduler.settle();
    expect(ahead.seen()).toEqual(["false()@0", 1]);
    expect(reader.seen()).toEqual(["break@0", 1]);
  });

  test("when the last reader leaves, what waits is dropped, and the next one resumes it", () => {
    const { underTest, reader, top } = start();
    reader.unsubscribe("t");
    expect(underTest.hub.topicsRead).toBe(0);
    reader.subscribe("t", { epoch: top.epoch, offset: 3 });
    underTest.scheduler.settle();
    expect(reader.seen()).toEqual(["true(4,5,6)@6"]);
  });

  test("a publisher that is much faster than its readers is told to slow down, and nobody else is", () => {
    const { underTest } = start();
    const refusals: unknown[] = [];
    for (let count = 0; count < 200; count++) {
      const outcome = underTest.hub.publish({ topic: "t", event: "message", message: large, store: true });
      if (outcome instanceof Failure) refusals.push(outcome.code);
    }
    expect(refusals.length).toBeGreaterThan(0);
    expect(new Set(refusals)).toEqual(new Set(["rate_limited"]));
    const elsewhere = underTest.hub.publish({ topic: "quiet", event: "message", message: "m", store: true });
    expect(elsewhere).not.toBeInstanceOf(Failure);
    underTest.scheduler.settle();
    expect(publish(underTest, "t").offset).toBeGreaterThan(6);
  });
});

describe("breaks", () => {
  test("readers are told in their place, and go on in the new epoch", async () => {
    const underTest = createHub();
    const client = new Client(underTest);
    client.subscribe("t");
    const before = publish(underTest, "t", 2);
    await underTest.hub.broker.clearHistory("t");
    const after = publish(underTest, "t");
    underTest.scheduler.turn();
    expect(client.seen()).toEqual(["live()@0", 1, 2, "break@0", 1]);
    expect(after.epoch).not.toBe(before.epoch);
    client.unsubscribe("t");
    client.subscribe("t", before);
    expect(client.seen()).toEqual(["false()@1"]);
  });
});

describe("counting", () => {
  test("subscriptions, topics, readers by format; all go when they leave", () => {
    const underTest = createHub();
    const [one, two] = [new Client(underTest), new Client(underTest)];
    one.subscribe("a");
    one.subscribe("b");
    two.subscribe("a");
    const { hub } = underTest;
    expect([hub.subscriptions, hub.topicsRead, hub.subscribersOf("a")]).toEqual([3, 2, 2]);
    expect(hub.subscribersByFormat("a")).toEqual({ json: 2 });
    expect(hub.subscribersByFormat("unknown")).toEqual({ json: 0 });
    one.unsubscribe("a");
    two.unsubscribe("a");
    one.unsubscribe("b");
    one.unsubscribe("never-subscribed");
    expect([hub.subscriptions, hub.topicsRead, hub.subscribersOf("a")]).toEqual([0, 0, 0]);
  });

  test("publishes without a position and repeats are counted apart", () => {
    const underTest = createHub();
    const request = { topic: "t", event: "message", message: "m", store: true };
    void underTest.hub.publish({ ...request, store: false });
    void underTest.hub.publish({ ...request, key: "k" });
    void underTest.hub.publish({ ...request, key: "k" });
    void underTest.hub.history({ topic: "t", limit: 1, bytesMax: 100 });
    expect(underTest.counters).toMatchObject({
      publicationsUnstored: 1,
      publicationsRepeated: 1,
      historyReads: 1,
    });
  });
});

describe("members", () => {
  test("are told of each other's coming and going where the topic asks for it", () => {
    const underTest = createHub({ hub: { tellsMembership: (topic) => topic === "room" } });
    const watcher = new Client(underTest);
    watcher.subscribe("room");
    watcher.subscribe("silent");
    const alice = new Client(underTest, "alice");
    alice.subscribe("room");
    alice.subscribe("silent");
    underTest.scheduler.advance(500);
    expect(watcher.seen().slice(2)).toEqual(['{"type":"join","topic":"room","user_id":"alice"}']);
    alice.unsubscribe("room");
    underTest.scheduler.advance(500);
    expect(watcher.seen()).toEqual(['{"type":"leave","topic":"room","user_id":"alice"}']);
  });
});

describe("a broker that has to be asked", () => {
  test("all who wait are answered at once, each with what it missed", async () => {
    const underTest = createHub({ wrap: followLater });
    const [live, resuming] = [new Client(underTest), new Client(underTest)];
    const { epoch } = publish(underTest, "t", 3);
    live.subscribe("t");
    resuming.subscribe("t", { epoch, offset: 1 });
    publish(underTest, "t");
    expect([live.seen(), resuming.seen()]).toEqual([[], []]);
    underTest.scheduler.turn();
    await settled();
    publish(underTest, "t");
    underTest.scheduler.turn();
    expect(live.seen()).toEqual(["live()@4", 5]);
    expect(resuming.seen()).toEqual(["true(2,3,4)@4", 5]);
    expect([live.results, resuming.results]).toEqual([[null], [null]]);
  });

  test("whoever leaves before the answer is not answered; the topic is closed with the last", async () => {
    const underTest = createHub({ wrap: followLater });
    const [one, two] = [new Client(underTest), new Client(underTest)];
    one.subscribe("t");
    two.subscribe("t");
    one.unsubscribe("t");
    underTest.scheduler.turn();
    await settled();
    expect([one.answers.length, two.answers.length]).toEqual([0, 1]);
    expect(one.results).toEqual([expect.any(Failure)]);
    two.unsubscribe("t");
    expect(underTest.hub.topicsRead).toBe(0);
  });

  test("leaving and coming back while it is asked: one answer, to the second wish", async () => {
    const underTest = createHub({ wrap: followLater });
    const client = new Client(underTest);
    client.subscribe("t");
    client.unsubscribe("t");
    client.subscribe("t");
    underTest.scheduler.turn();
    await settled();
    underTest.scheduler.turn();
    await settled();
    expect(client.answers).toHaveLength(1);
    expect(underTest.hub.subscriptions).toBe(1);
    publish(underTest, "t");
    underTest.scheduler.turn();
    expect(client.seen()).toEqual(["live()@0", 1]);
  });

  test.each([
    ["at once", false],
    ["later", true],
  ])(
    "a refusal that comes %s reaches whoever waits, with the broker's words, and the topic can be tried again",
    async (_, later) => {
      const underTest = createHub({ wrap: (broker) => refuseToFollow(broker, later) });
      const clients = [new Client(underTest), new Client(underTest)];
      for (const client of clients) client.subscribe("t");
      await settled();
      for (const { answers, results } of clients) {
        expect(answers).toEqual([]);
        expect(results).toEqual([expect.objectContaining({ code: "unavailable" })]);
      }
      expect(underTest.hub.topicsRead).toBe(0);
    },
  );
});

test("a turn's bytes are what the harness believes", () => {
  expect(3 * large.length).toBeGreaterThan(mebibyte);
});
