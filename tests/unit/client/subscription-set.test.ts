import { describe, expect, test } from "bun:test";
import type { FanfareError } from "../../../src/client/errors.ts";
import { resolveOptions } from "../../../src/client/options.ts";
import { SubscriptionSet } from "../../../src/client/subscription-set.ts";
import type { Publication, TopicPosition, Welcome } from "../../../src/client/types.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeTransport } from "./support/fake-transport.ts";

const welcome = (...topics: TopicPosition[]): Welcome => ({
  type: "welcome",
  connection_id: "c",
  user_id: null,
  role: "chat",
  node: "n",
  topics,
  message: null,
  ping_interval: 30,
});

function start() {
  const clock = new FakeClock();
  const errors: FanfareError[] = [];
  const publications: Publication[] = [];
  const set = new SubscriptionSet(
    resolveOptions({ url: "ws://host", clock, random: () => 0.5, minDelayMs: 100, requestTimeoutMs: 1000 }),
    {
      publication: (publication) => publications.push(publication),
      error: (error) => errors.push(error),
      handlerError: (error) => {
        throw error;
      },
    },
  );
  const transport = new FakeTransport();
  const asked = () => transport.subscribed.map((requests) => requests.map(({ topic }) => topic));
  const answer = (topic: string, offset = 0) =>
    set.subscribed({ type: "subscribed", id: "s1", topic, epoch: "e", offset });
  return { clock, errors, publications, set, transport, asked, answer };
}

/** Lets the calls of one go become one frame. */
const settled = () => Promise.resolve();

describe("asking", () => {
  test("the subscriptions of one go are asked for together", async () => {
    const { set, transport, asked } = start();
    set.attach(transport, welcome());
    for (const topic of ["a", "b", "c"]) set.subscribe(topic, null);
    await settled();
    expect(asked()).toEqual([["a", "b", "c"]]);
  });

  test("a topic has one subscription", () => {
    const { set } = start();
    expect(set.subscribe("a", null)).toBe(set.subscribe("a", null));
  });

  test("no more than a hundred are open, and the rest follows the answers", () => {
    const { set, transport, asked, answer } = start();
    for (let count = 0; count < 120; count += 1) set.subscribe(`t${count}`, null);
    set.attach(transport, welcome());
    expect(asked().map((topics) => topics.length)).toEqual([100]);
    for (let count = 0; count < 50; count += 1) answer(`t${count}`);
    expect(asked().map((topics) => topics.length)).toEqual([100, 20]);
  });

  test("on every new connection, from the position reached", () => {
    const { set, transport, answer } = start();
    set.subscribe("a", null);
    set.attach(transport, welcome());
    answer("a", 7);
    set.detach();
    set.attach(transport, welcome());
    expect(transport.subscribed.at(-1)).toEqual([{ topic: "a", since: { epoch: "e", offset: 7 } }]);
  });

  test("again when no answer comes", () => {
    const { set, transport, asked, clock } = start();
    set.subscribe("a", null);
    set.attach(transport, welcome());
    clock.advance(1000);
    expect(asked()).toEqual([["a"], ["a"]]);
  });

  test("what has been left is not asked for again", () => {
    const { set, transport, asked, clock } = start();
    const subscription = set.subscribe("a", null);
    set.attach(transport, welcome());
    subscription.unsubscribe();
    set.detach();
    set.attach(transport, welcome());
    clock.advance(10_000);
    expect(asked()).toEqual([["a"]]);
    expect(transport.unsubscribed).toEqual(["a"]);
    expect(clock.pending).toBe(0);
  });
});

describe("topics that the server subscribes by itself", () => {
  const own = { topic: "user:alice", epoch: "e", offset: 5 };
  const received = (offset: number): Publication => ({ type: "message", topic: "user:alice", ts: 1, offset });

  test("are read from the welcome on", () => {
    const { set, transport, asked, publications } = start();
    set.attach(transport, welcome(own));
    set.receive(received(6));
    expect(asked()).toEqual([]);
    expect(publications).toHaveLength(1);
  });

  test("are resumed after a reconnect that has missed something", () => {
    const { set, transport, publications } = start();
    set.attach(transport, welcome(own));
    set.detach();
    set.attach(transport, welcome({ ...own, offset: 7 }));
    expect(transport.subscribed).toEqual([[{ topic: "user:alice", since: { epoch: "e", offset: 5 } }]]);
    set.receive(received(8));
    set.subscribed({ type: "subscribed", id: "s1", ...own, offset: 8, recovered: true });
    for (const offset of [6, 7, 8]) set.receive(received(offset));
    expect(publications.map(({ offset }) => offset)).toEqual([6, 7, 8]);
  });

  test("need not be resumed when nothing was missed", () => {
    const { set, transport, asked } = start();
    set.attach(transport, welcome(own));
    set.detach();
    set.attach(transport, welcome(own));
    expect(asked()).toEqual([]);
    expect(set.subscribe("user:alice", null).state).toBe("subscribed");
  });

  test("may come later than the welcome, and be taken away", () => {
    const { set, transport } = start();
    set.attach(transport, welcome());
    set.subscribed({ type: "subscribed", ...own });
    const subscription = set.subscribe("user:alice", null);
    expect(subscription.state).toBe("subscribed");
    set.unsubscribed({ type: "unsubscribed", topic: "user:alice", code: "forbidden" });
    expect(subscription.state).toBe("unsubscribed");
    expect(set.requests()).toEqual([]);
  });
});

describe("refusals", () => {
  function refusal(code: string) {
    const all = start();
    const log: string[] = [];
    const subscription = all.set.subscribe("a", null);
    subscription.on("error", (error) => log.push(`error ${error.code}`));
    subscription.on("unsubscribed", ({ code: why }) => log.push(`unsubscribed ${why}`));
    all.set.attach(all.transport, welcome());
    all.set.refused({ type: "error", topic: "a", code });
    return { ...all, log, subscription };
  }

  test("that are definite end the subscription", () => {
    const { log, subscription, asked, clock, errors } = refusal("forbidden");
    clock.advance(60_000);
    expect(log).toEqual(["error forbidden", "unsubscribed forbidden"]);
    expect(subscription.state).toBe("unsubscribed");
    expect(asked()).toEqual([["a"]]);
    expect(errors.map(({ code }) => code)).toEqual(["forbidden"]);
  });

  test("that may pass are asked again after a delay", () => {
    const { log, subscription, asked, clock } = refusal("unavailable");
    clock.advance(49);
    expect(asked()).toEqual([["a"]]);
    clock.advance(1);
    expect(asked()).toEqual([["a"], ["a"]]);
    expect(log).toEqual(["error unavailable"]);
    expect(subscription.state).toBe("subscribing");
  });

  test("for want of room wait for the next connection", () => {
    const { subscription, asked, clock, set, transport } = refusal("too_many_topics");
    clock.advance(60_000);
    expect(asked()).toEqual([["a"]]);
    expect(subscription.state).toBe("subscribing");
    set.detach();
    set.attach(transport, welcome());
    expect(asked()).toEqual([["a"], ["a"]]);
  });
});

test("a break of a live stream counts, but not while an answer is on its way", () => {
  const { set, transport, answer } = start();
  const subscription = set.subscribe("a", null);
  const breaks: unknown[] = [];
  subscription.on("break", (each) => breaks.push(each));
  set.attach(transport, welcome());
  set.subscribed({ type: "subscribed", topic: "a", epoch: "f", offset: 1, recovered: false });
  expect(subscription.state).toBe("subscribing");
  answer("a", 2);
  set.subscribed({ type: "subscribed", topic: "a", epoch: "f", offset: 9, recovered: false });
  expect(breaks).toEqual([{ topic: "a", from: { epoch: "e", offset: 2 }, to: { epoch: "f", offset: 9 } }]);
});
