import { describe, expect, test } from "bun:test";
import { type RecentLimits, recentOf } from "../../../src/session/recent.ts";
import { publicationAt } from "../hub/publications.ts";
import { createSessions, type SessionsUnderTest } from "./session-harness.ts";

describe("the recent ones among those kept", () => {
  const kept = [1000, 2000, 3000, 4000].map((ts, index) => ({
    epoch: "e",
    publication: publicationAt(index + 1, { ts }),
  }));
  const recent = (limits: RecentLimits, now: number) =>
    recentOf(kept, limits, now).map(({ publication }) => publication.offset);

  test("are the last so many, oldest first", () => {
    expect(recent({ count: 2, ttlMs: 10_000 }, 4000)).toEqual([3, 4]);
    expect(recent({ count: 9, ttlMs: 10_000 }, 4000)).toEqual([1, 2, 3, 4]);
    expect(recentOf([], { count: 5, ttlMs: 10_000 }, 4000)).toEqual([]);
  });

  test("are none where none are wanted", () => {
    expect(recent({ count: 0, ttlMs: 10_000 }, 4000)).toEqual([]);
  });

  test("are not as old as their time to live", () => {
    expect(recent({ count: 9, ttlMs: 1000 }, 2999)).toEqual([2, 3, 4]);
    expect(recent({ count: 9, ttlMs: 1000 }, 3000)).toEqual([3, 4]);
    expect(recent({ count: 9, ttlMs: 1000 }, 5000)).toEqual([]);
    expect(recent({ count: 1, ttlMs: 3000 }, 4000)).toEqual([4]);
  });
});

describe("a new connection is brought up to date", () => {
  const hourMs = 3_600_000;
  const broker = { kept: { notifications: { count: 5, inHistory: false } } };

  function start(settings: Parameters<typeof createSessions>[0] = {}): SessionsUnderTest {
    return createSessions({ broker, ...settings });
  }

  function notify({ hub, scheduler }: SessionsUnderTest, ...messages: string[]): void {
    for (const message of messages) {
      hub.publish({ topic: "notifications", event: "notification", message, store: true });
    }
    scheduler.settle();
  }

  /** What the client is told after its welcome. */
  function toldTo(underTest: SessionsUnderTest, query: string): string[] {
    const [welcome, ...rest] = underTest.connect(query).opening;
    expect(welcome?.type).toBe("welcome");
    return rest.map(({ topic, offset, message }) => `${topic} ${offset} ${message}`);
  }

  test("with the recent notifications and their offsets, before the live ones", () => {
    const underTest = start();
    notify(underTest, "a", "b", "c", "d", "e", "f");
    const client = underTest.connect("");
    const { topics } = client.opening[0]!;
    const state = topics.find(({ topic }: { topic: string }) => topic === "notifications");
    expect(state).toMatchObject({ topic: "notifications", offset: 6 });
    const told = client.opening.slice(1).map(({ offset, message }) => [offset, message]);
    expect(told).toEqual([
      [2, "b"],
      [3, "c"],
      [4, "d"],
      [5, "e"],
      [6, "f"],
    ]);
    notify(underTest, "g");
    expect(client.take()).toMatchObject([{ type: "notification", offset: 7, message: "g" }]);
  });

  test("unless it names topics or a position", () => {
    const underTest = start();
    notify(underTest, "a", "b");
    const { epoch } = underTest.connect("").opening[0]!.topics[1];
    expect(toldTo(underTest, "topics=notifications")).toEqual([]);
    expect(toldTo(underTest, "topics=")).toEqual([]);
    expect(toldTo(underTest, `since=notifications:${epoch}:1`)).toEqual(["notifications 2 b"]);
    expect(toldTo(underTest, `since=notifications:${epoch}:2`)).toEqual([]);
    const everything = ["notifications 1 a", "notifications 2 b"];
    expect(toldTo(underTest, "user_id=alice&name=Alice&client=user")).toEqual(everything);
  });

  test("also when nobody was here for a while, for as long as they are recent", () => {
    const underTest = start();
    notify(underTest, "a");
    underTest.scheduler.advance(hourMs / 2);
    notify(underTest, "b");
    underTest.scheduler.advance(hourMs / 2 - 1);
    expect(toldTo(underTest, "")).toEqual(["notifications 1 a", "notifications 2 b"]);
    underTest.scheduler.advance(1);
    expect(toldTo(underTest, "")).toEqual(["notifications 2 b"]);
    underTest.scheduler.advance(hourMs);
    expect(toldTo(underTest, "")).toEqual([]);
  });

  test("with none of an earlier epoch, whose offsets would say something false", () => {
    const size = { historyBytesMax: 30_000 };
    const underTest = start({ broker: { ...broker, ...size } });
    notify(underTest, "x".repeat(10_000));
    underTest.hub.publish({ topic: "news", event: "message", message: "x".repeat(20_000), store: true });
    expect(underTest.hub.broker.kept("notifications")).toHaveLength(1);
    expect(toldTo(underTest, "")).toEqual([]);
    notify(underTest, "new");
    expect(toldTo(underTest, "")).toEqual(["notifications 1 new"]);
  });

  test("and is told once what a burst has yet to hand to those who are here", () => {
    const underTest = start();
    const witness = underTest.connect("");
    // More than one turn's worth.
    for (let number = 1; number <= 40; number++) {
      const message = "x".repeat(60_000);
      underTest.hub.publish({ topic: "notifications", event: "notification", message, store: true });
    }
    const client = underTest.connect("");
    expect(client.opening[0]!.topics[1].offset).toBeWithin(1, 40);
    underTest.scheduler.settle();
    const frames = [...client.opening, ...client.take()].filter(({ type }) => type === "notification");
    const offsets = frames.map(({ offset }) => offset);
    expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => offsets[0] + index));
    expect(offsets.at(-1)).toBe(40);
    expect(witness.take()).toHaveLength(40);
  });
});
