import { expect, test } from "bun:test";
import { type StartBroker, succeeded } from "../harness.ts";

export function promiseDescribing(start: StartBroker): void {
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

  test("a broker that works says so, and makes sure of it", async () => {
    const harness = await start();
    expect(harness.broker.isConnected).toBe(true);
    expect(await harness.broker.check()).toBeNull();
  });

  test("usage says how much is held, and less when it is gone", async () => {
    const harness = await start({ historyAgeMs: 4000, keyAgeMs: 4000 });
    await harness.publish("t", "x".repeat(10_000));
    const before = harness.broker.usage();
    expect(before.evictedTopics).toBe(0);
    await harness.advance(60_000);
    const after = harness.broker.usage();
    expect(after.topics).toBeLessThanOrEqual(before.topics);
    expect(after.historyBytes).toBeLessThanOrEqual(before.historyBytes);
  });
}
