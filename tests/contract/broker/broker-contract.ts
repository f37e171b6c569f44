import { afterEach, describe, expect, test } from "bun:test";
import type { Position } from "../../../src/core/position.ts";
import { isEpoch } from "../../../src/core/position.ts";
import { until } from "../../support/until.ts";
import { type BrokerBounds, BrokerHarness, type CreateBroker, succeeded } from "./harness.ts";

/** What every broker must show, whatever it is made of. `create` makes a fresh one with the bounds given. */
export function brokerContract(name: string, create: CreateBroker): void {
  const opened: BrokerHarness[] = [];
  const start = async (bounds: Partial<BrokerBounds> = {}): Promise<BrokerHarness> => {
    const harness = await BrokerHarness.create(create, bounds);
    opened.push(harness);
    return harness;
  };
  afterEach(async () => {
    for (const harness of opened.splice(0)) await harness.underTest.dispose();
  });

  describe(`${name}: publishing`, () => {
    test("offsets of a topic start at 1 and go up by one, in one epoch", async () => {
      const harness = await start();
      const outcomes = [];
      for (let number = 1; number <= 20; number++) outcomes.push(await harness.publish("t", `m${number}`));
      expect(outcomes.map(({ offset }) => offset)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      expect(new Set(outcomes.map(({ epoch }) => epoch)).size).toBe(1);
      expect(isEpoch(outcomes[0]!.epoch)).toBe(true);
      expect(outcomes.every(({ repeated }) => repeated)).toBe(false);
    });

    test("topics count for themselves", async () => {
      const harness = await start();
      await harness.publishMany("a", 3);
      expect((await harness.publish("b", "first")).offset).toBe(1);
      expect((await harness.publish("a", "fourth")).offset).toBe(4);
    });

    test("publishes that are not awaited keep their order", async () => {
      const harness = await start();
      const pending = Array.from({ length: 50 }, (_, index) => harness.publish("t", `m${index + 1}`));
      const offsets = (await Promise.all(pending)).map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
      const page = await harness.history({ topic: "t" });
      const messages = page.publications.map(({ frame }) => JSON.parse(frame).message);
      expect(messages).toEqual(Array.from({ length: 50 }, (_, index) => `m${index + 1}`));
    });

    test("a publication carries what was published, its offset and the time", async () => {
      const harness = await start();
      await harness.follow("t");
      const request = {
        event: "alert",
        data: { nested: [1, null, "ü"] },
        sender: "alice",
        key: "k",
        correlationId: "c",
        tags: { colour: "red" },
      };
      const { offset } = await harness.publish("t", "text", request);
      await harness.delivered("t", 1);
      const [publication] = harness.sink.publications;
      const frame = JSON.parse(publication!.frame);
      expect(frame).toEqual({
        type: "alert",
        topic: "t",
        offset,
        ts: publication!.ts,
        sender: "alice",
        message: "text",
        data: { nested: [1, null, "ü"] },
        key: "k",
        correlation_id: "c",
        tags: { colour: "red" },
      });
      expect(publication!.type).toBe("alert");
      expect(publication!.bytes).toBe(Buffer.byteLength(publication!.frame));
      expect((await harness.history({ topic: "t" })).publications[0]!.frame).toBe(publication!.frame);
    });

    test("store: false has no position, is delivered in its order, is not stored and takes no offset", async () => {
      const harness = await start();
      await harness.follow("t");
      await harness.publish("t", "one");
      const unstored = { topic: "t", event: "typing", message: "…", store: false };
      expect(succeeded(await harness.broker.publish(unstored))).toBeNull();
      expect((await harness.publish("t", "two")).offset).toBe(2);
      expect(await harness.delivered("t", 3)).toEqual([1, 0, 2]);
      expect(await harness.offsets({ topic: "t" })).toEqual([1, 2]);
      expect(JSON.parse(harness.sink.publications[1]!.frame).offset).toBeUndefined();
    });
  });

  describe(`${name}: keys`, () => {
    test("a repeated key is answered with the first position, and nothing is delivered or stored", async () => {
      const harness = await start();
      await harness.follow("t");
      const first = await harness.publish("t", "one", { key: "k" });
      await harness.publish("t", "two", { key: "other" });
      const again = await harness.publish("t", "something else", { key: "k" });
      expect(again).toMatchObject({ epoch: first.epoch, offset: first.offset, repeated: true });
      await harness.publish("t", "three");
      expect(await harness.delivered("t", 3)).toEqual([1, 2, 3]);
      expect(await harness.offsets({ topic: "t" })).toEqual([1, 2, 3]);
    });

    test("keys belong to their topic", async () => {
      const harness = await start();
      await harness.publish("a", "one", { key: "k" });
      expect((await harness.publish("b", "one", { key: "k" })).repeated).toBe(false);
    });

    test("a key is forgotten after its age, not before", async () => {
      const harness = await start({ keyAgeMs: 10_000 });
      await harness.publish("t", "one", { key: "k" });
      await harness.advance(9_999);
      expect(await harness.publish("t", "one", { key: "k" })).toMatchObject({ offset: 1, repeated: true });
      await harness.advance(1);
      expect(await harness.publish("t", "one", { key: "k" })).toMatchObject({ offset: 2, repeated: false });
    });

    test("only so many keys are remembered, the newest", async () => {
      const harness = await start({ keysMax: 3 });
      for (const key of ["a", "b", "c", "d"]) await harness.publish("t", key, { key });
      expect(await harness.publish("t", "b", { key: "b" })).toMatchObject({ offset: 2, repeated: true });
      expect(await harness.publish("t", "d", { key: "d" })).toMatchObject({ offset: 4, repeated: true });
      expect(await harness.publish("t", "a", { key: "a" })).toMatchObject({ offset: 5, repeated: false });
    });

    test("a key outlives its publication's place in the history", async () => {
      const harness = await start({ historySize: 2 });
      await harness.publish("t", "one", { key: "k" });
      await harness.publishMany("t", 5);
      expect(await harness.publish("t", "one", { key: "k" })).toMatchObject({ offset: 1, repeated: true });
    });
  });

  describe(`${name}: following`, () => {
    test("what is published from then on reaches the sink, in order and once", async () => {
      const harness = await start();
      await harness.publishMany("t", 2);
      const view = await harness.follow("t");
      expect(view.top).toBe(2);
      await harness.publishMany("t", 3);
      expect(await harness.delivered("t", 3)).toEqual([3, 4, 5]);
      expect(view.top).toBe(5);
    });

    test("an unknown topic can be followed before anything is published", async () => {
      const harness = await start();
      const view = await harness.follow("t");
      expect(view.top).toBe(0);
      const { epoch, offset } = await harness.publish("t", "one");
      expect({ epoch, offset }).toEqual({ epoch: view.epoch, offset: 1 });
      expect(await harness.delivered("t", 1)).toEqual([1]);
    });

    test("after unfollow nothing reaches the sink, and positions go on", async () => {
      const harness = await start();
      const { epoch } = await harness.follow("t");
      await harness.publish("t", "one");
      await harness.delivered("t", 1);
      harness.broker.unfollow("t");
      await harness.publish("t", "two");
      const view = await harness.follow("t");
      expect({ epoch: view.epoch, top: view.top }).toEqual({ epoch, top: 2 });
      await harness.publish("t", "three");
      expect(await harness.delivered("t", 2)).toEqual([1, 3]);
    });

    test("what is not stored reaches the sink of a followed topic alone", async () => {
      const harness = await start();
      const unstored = { topic: "t", event: "typing", message: "m", store: false };
      expect(succeeded(await harness.broker.publish(unstored))).toBeNull();
      await harness.follow("t");
      expect(succeeded(await harness.broker.publish(unstored))).toBeNull();
      expect(await harness.delivered("t", 1)).toEqual([0]);
    });

    test("unfollowing what is not followed does nothing", async () => {
      const harness = await start();
      harness.broker.unfollow("never-heard-of");
      await harness.publish("t", "one");
      harness.broker.unfollow("t");
      expect(await harness.offsets({ topic: "t" })).toEqual([1]);
    });

    test("a followed topic is not forgotten, however quiet", async () => {
      const harness = await start({ historyAgeMs: 4000, keyAgeMs: 4000 });
      const { epoch } = await harness.follow("t");
      await harness.publish("t", "one");
      await harness.advance(60_000);
      const outcome = await harness.publish("t", "two");
      expect(outcome).toMatchObject({ epoch, offset: 2 });
      expect(harness.sink.breaksOf("t")).toEqual([]);
    });

    test("the view reads ranges: exactly what was asked for, or null", async () => {
      const harness = await start({ historySize: 5 });
      const view = await harness.follow("t");
      await harness.publishMany("t", 8);
      await harness.delivered("t", 8);
      const offsets = (from: number, until: number, limit = 100, bytesMax = 1_000_000) =>
        view.range(from, until, limit, bytesMax)?.map(({ offset }) => offset) ?? null;
      expect(offsets(3, 8)).toEqual([4, 5, 6, 7, 8]);
      expect(offsets(5, 7)).toEqual([6, 7]);
      expect(offsets(8, 8)).toEqual([]);
      expect(offsets(2, 8)).toBeNull();
      expect(offsets(9, 8)).toBeNull();
      expect(offsets(3, 8, 5)).toHaveLength(5);
      expect(offsets(3, 8, 4)).toBeNull();
      const bytes = (await harness.history({ topic: "t", limit: 2 })).publications.reduce(
        (total, publication) => total + publication.bytes,
        0,
      );
      expect(offsets(6, 8, 100, bytes)).toEqual([7, 8]);
      expect(offsets(6, 8, 100, bytes - 1)).toBeNull();
    });
  });

  describe(`${name}: history`, () => {
    test("the newest, ascending, with the topic's position", async () => {
      const harness = await start();
      await harness.publishMany("t", 10);
      const page = await harness.history({ topic: "t", limit: 3 });
      expect(page.publications.map(({ offset }) => offset)).toEqual([8, 9, 10]);
      expect(page.offset).toBe(10);
      expect(page.epoch).toBe((await harness.publish("t", "m")).epoch);
    });

    test("of an unknown topic: nothing, at a position that can be resumed from", async () => {
      const harness = await start();
      const page = await harness.history({ topic: "t" });
      expect(page).toMatchObject({ offset: 0, publications: [] });
      expect((await harness.publish("t", "one")).epoch).toBe(page.epoch);
    });

    test("since: the first ones after it", async () => {
      const harness = await start();
      const { epoch } = await harness.publish("t", "m");
      await harness.publishMany("t", 9);
      const since = (offset: number): Position => ({ epoch, offset });
      expect(await harness.offsets({ topic: "t", since: since(4), limit: 3 })).toEqual([5, 6, 7]);
      expect(await harness.offsets({ topic: "t", since: since(0), limit: 2 })).toEqual([1, 2]);
      expect(await harness.offsets({ topic: "t", since: since(10) })).toEqual([]);
      expect(await harness.offsets({ topic: "t", since: since(99) })).toEqual([]);
    });

    test("since a position that is no longer held, or of another epoch: from the oldest held", async () => {
      const harness = await start({ historySize: 4 });
      const { epoch } = await harness.publish("t", "m");
      await harness.publishMany("t", 9);
      expect(await harness.offsets({ topic: "t", since: { epoch, offset: 2 }, limit: 2 })).toEqual([7, 8]);
      const elsewhere = { epoch: "elsewhere", offset: 9 };
      expect(await harness.offsets({ topic: "t", since: elsewhere, limit: 2 })).toEqual([7, 8]);
    });

    test("reverse: the same publications, newest first", async () => {
      const harness = await start();
      const { epoch } = await harness.publish("t", "m");
      await harness.publishMany("t", 9);
      expect(await harness.offsets({ topic: "t", limit: 3, reverse: true })).toEqual([10, 9, 8]);
      const since = { epoch, offset: 4 };
      expect(await harness.offsets({ topic: "t", since, limit: 3, reverse: true })).toEqual([7, 6, 5]);
    });

    test("limit 0 reads the position alone", async () => {
      const harness = await start();
      await harness.publishMany("t", 3);
      expect(await harness.history({ topic: "t", limit: 0 })).toMatchObject({ offset: 3, publications: [] });
    });

    test("a page ends before the publication that would cross its bytes, but never stands still", async () => {
      const harness = await start();
      const { epoch } = await harness.publish("t", "x".repeat(100));
      for (let count = 0; count < 4; count++) await harness.publish("t", "x".repeat(100));
      const { publications } = await harness.history({ topic: "t" });
      const two = publications[3]!.bytes + publications[4]!.bytes;
      expect(await harness.offsets({ topic: "t", bytesMax: two })).toEqual([4, 5]);
      expect(await harness.offsets({ topic: "t", bytesMax: two - 1 })).toEqual([5]);
      const since = { epoch, offset: 0 };
      expect(await harness.offsets({ topic: "t", since, bytesMax: two })).toEqual([1, 2]);
      expect(await harness.offsets({ topic: "t", since, bytesMax: 1 })).toEqual([1]);
    });

    test("bounds: number, bytes and age of what is held", async () => {
      const byNumber = await start({ historySize: 3 });
      await byNumber.publishMany("t", 5);
      expect(await byNumber.offsets({ topic: "t" })).toEqual([3, 4, 5]);

      const byBytes = await start({ historyTopicBytes: 4000 });
      for (let count = 0; count < 10; count++) await byBytes.publish("t", "x".repeat(1000));
      const held = await byBytes.offsets({ topic: "t" });
      expect(held.at(-1)).toBe(10);
      expect(held.length).toBeGreaterThanOrEqual(2);
      expect(held.length).toBeLessThanOrEqual(4);

      const byAge = await start({ historyAgeMs: 10_000 });
      await byAge.publish("t", "old");
      await byAge.advance(9_000);
      await byAge.publish("t", "new");
      expect(await byAge.offsets({ topic: "t" })).toEqual([1, 2]);
      await byAge.advance(1_000);
      expect(await byAge.offsets({ topic: "t" })).toEqual([2]);
      expect((await byAge.history({ topic: "t" })).offset).toBe(2);
    });
  });

  describe(`${name}: the end of an epoch`, () => {
    test("clearHistory of a followed topic: a new epoch from 0, told as a break before anything later", async () => {
      const harness = await start();
      const view = await harness.follow("t");
      const before = view.epoch;
      await harness.publish("t", "one", { key: "k" });
      expect(succeeded(await harness.broker.clearHistory("t"))).toBe(true);
      const after = await harness.publish("t", "two");
      expect(after.epoch).not.toBe(before);
      expect(after.offset).toBe(1);
      const expected = [
        { kind: "delivered", topic: "t", offset: 1, message: "one" },
        { kind: "broke", topic: "t", epoch: after.epoch, offset: 0 },
        { kind: "delivered", topic: "t", offset: 1, message: "two" },
      ] as const;
      expect(await harness.told("t", expected)).toEqual([...expected]);
      expect({ epoch: view.epoch, top: view.top }).toEqual({ epoch: after.epoch, top: 1 });
      expect(view.range(0, 1, 10, 1000)?.map(({ frame }) => JSON.parse(frame).message)).toEqual(["two"]);
    });

    test("clearHistory forgets publications and keys, also of a topic that nobody follows", async () => {
      const harness = await start();
      const before = await harness.publish("t", "one", { key: "k" });
      expect(succeeded(await harness.broker.clearHistory("t"))).toBe(true);
      expect(await harness.offsets({ topic: "t" })).toEqual([]);
      const after = await harness.publish("t", "one", { key: "k" });
      expect(after).toMatchObject({ offset: 1, repeated: false });
      expect(after.epoch).not.toBe(before.epoch);
    });

    test("clearHistory of an unknown topic finds nothing", async () => {
      const harness = await start();
      expect(succeeded(await harness.broker.clearHistory("t"))).toBe(false);
      expect(succeeded(await harness.broker.describe("t"))).toBeNull();
    });

    test("a topic that was forgotten and comes back has a new epoch", async () => {
      const harness = await start({ historyAgeMs: 4000, keyAgeMs: 4000 });
      const before = await harness.publish("t", "one", { key: "k" });
      await harness.advance(60_000);
      expect(succeeded(await harness.broker.describe("t"))).toBeNull();
      const after = await harness.publish("t", "two");
      expect(after.offset).toBe(1);
      expect(after.epoch).not.toBe(before.epoch);
    });

    test("epochs never come back", async () => {
      const harness = await start();
      const epochs = new Set<string>();
      for (let count = 0; count < 50; count++) {
        epochs.add((await harness.publish("t", "m")).epoch);
        await harness.broker.clearHistory("t");
      }
      expect(epochs.size).toBe(50);
    });
  });

  describe(`${name}: describing`, () => {
    test("a topic's position; null when it is unknown", async () => {
      const harness = await start();
      expect(succeeded(await harness.broker.describe("t"))).toBeNull();
      const { epoch } = await harness.publish("t", "one");
      await harness.publish("t", "two");
      expect(succeeded(await harness.broker.describe("t"))).toEqual({ topic: "t", epoch, offset: 2 });
    });

    test("topics by prefix, at most so many", async () => {
      const harness = await start();
      for (const topic of ["room:1", "room:2", "room:3", "hall:1"]) await harness.publish(topic, "m");
      const names = async (prefix: string, limit: number) =>
        succeeded(await harness.broker.topics(prefix, limit)).map(({ topic }) => topic);
      expect((await names("room:", 10)).sort()).toEqual(["room:1", "room:2", "room:3"]);
      expect((await names("", 10)).sort()).toEqual(["hall:1", "room:1", "room:2", "room:3"]);
      expect(await names("room:", 2)).toHaveLength(2);
      expect(await names("ro*", 10)).toEqual([]);
      expect(await names("nothing", 10)).toEqual([]);
      const [found] = succeeded(await harness.broker.topics("hall:", 1));
      expect(found).toEqual(succeeded(await harness.broker.describe("hall:1"))!);
    });

    test("usage says how much is held, and less when it is gone", async () => {
      const harness = await start({ historyAgeMs: 4000, keyAgeMs: 4000 });
      await harness.publish("t", "x".repeat(10_000));
      await until(() => harness.broker.usage().historyBytes >= 0);
      const before = harness.broker.usage();
      expect(before.evictedTopics).toBe(0);
      await harness.advance(60_000);
      const after = harness.broker.usage();
      expect(after.topics).toBeLessThanOrEqual(before.topics);
      expect(after.historyBytes).toBeLessThanOrEqual(before.historyBytes);
    });
  });

  describe(`${name}: presence`, () => {
    test("users once each with their connections; nameless connections are counted alone", async () => {
      const harness = await start();
      for (const user of ["alice", "bob", "alice", null]) harness.broker.enter("t", user);
      harness.broker.enter("other", "carol");
      const presence = succeeded(await harness.broker.presence("t"));
      expect([...presence.members].sort()).toEqual([
        ["alice", 2],
        ["bob", 1],
      ]);
      expect(presence.connections).toBe(4);
    });

    test("leaving, until nobody is there", async () => {
      const harness = await start();
      for (const user of ["alice", "alice", null]) harness.broker.enter("t", user);
      harness.broker.leave("t", "alice");
      const one = succeeded(await harness.broker.presence("t"));
      expect([...one.members]).toEqual([["alice", 1]]);
      expect(one.connections).toBe(2);
      harness.broker.leave("t", null);
      harness.broker.leave("t", "alice");
      const none = succeeded(await harness.broker.presence("t"));
      expect([...none.members]).toEqual([]);
      expect(none.connections).toBe(0);
    });

    test("only a user's first coming and last leaving are changes", async () => {
      const harness = await start();
      harness.broker.enter("t", "alice");
      harness.broker.enter("t", "alice");
      harness.broker.enter("t", null);
      harness.broker.leave("t", "alice");
      harness.broker.leave("t", null);
      harness.broker.leave("t", "alice");
      await until(() => harness.sink.memberChanges.length >= 2);
      expect(harness.sink.memberChanges).toEqual([
        { topic: "t", userId: "alice", present: true },
        { topic: "t", userId: "alice", present: false },
      ]);
    });

    test("of an unknown topic: nobody", async () => {
      const harness = await start();
      const presence = succeeded(await harness.broker.presence("t"));
      expect({ members: presence.members.size, connections: presence.connections }).toEqual({
        members: 0,
        connections: 0,
      });
    });
  });
}
