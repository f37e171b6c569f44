import { expect, test } from "bun:test";
import { type BrokerBounds, type StartBroker, succeeded } from "../harness.ts";

const bounds: Partial<BrokerBounds> = {
  historySize: 2,
  historyAgeMs: 4000,
  keyAgeMs: 4000,
  kept: { shown: { count: 3, inHistory: true }, apart: { count: 3, inHistory: false } },
};

export function promiseKept(start: StartBroker): void {
  test.each(["shown", "apart"])(
    "the last publications of %s are kept whatever their age, oldest first",
    async (topic) => {
      const harness = await start(bounds);
      expect(await harness.kept(topic)).toEqual([]);
      await harness.publishMany(topic, 2);
      expect(await harness.kept(topic)).toEqual([1, 2]);
      await harness.publishMany(topic, 3);
      await harness.advance(3600);
      expect(await harness.kept(topic)).toEqual([3, 4, 5]);
    },
  );

  test("those of other topics are not, nor is what has no position or says not to", async () => {
    const harness = await start(bounds);
    await harness.publish("other", "m");
    await harness.publish("shown", "kept");
    await harness.publish("shown", "not kept", { keep: false });
    await harness.broker.publish({ topic: "shown", event: "typing", message: "m", store: false });
    await harness.publish("shown", "kept", { key: "k" });
    await harness.publish("shown", "repeated", { key: "k" });
    expect(await harness.kept("shown")).toEqual([1, 3]);
    expect(await harness.kept("other")).toEqual([]);
  });

  test("they are as they were published, each with its epoch", async () => {
    const harness = await start(bounds);
    const { epoch } = await harness.publish("shown", "grün", { event: "echo", data: { a: null } });
    const [kept] = succeeded(await harness.broker.kept("shown"));
    expect(kept!.epoch).toBe(epoch);
    expect(JSON.parse(kept!.publication.frame)).toMatchObject({
      type: "echo",
      topic: "shown",
      offset: 1,
      message: "grün",
      data: { a: null },
    });
  });

  test("history shows them where it reaches back less far, unless it is asked for what comes after a position", async () => {
    const harness = await start(bounds);
    const { epoch } = await harness.publish("shown", "m");
    await harness.publishMany("shown", 3);
    expect(await harness.offsets({ topic: "shown" })).toEqual([2, 3, 4]);
    expect(await harness.offsets({ topic: "shown", reverse: true })).toEqual([4, 3, 2]);
    expect(await harness.offsets({ topic: "shown", limit: 1 })).toEqual([4]);
    expect(await harness.offsets({ topic: "shown", since: { epoch, offset: 0 } })).toEqual([3, 4]);
    await harness.publishMany("apart", 4);
    expect(await harness.offsets({ topic: "apart" })).toEqual([3, 4]);
  });

  test("history shows none behind a hole", async () => {
    const harness = await start(bounds);
    await harness.publish("shown", "m");
    await harness.publish("shown", "m", { keep: false });
    for (let count = 0; count < 2; count++) await harness.publish("shown", "m");
    expect(await harness.kept("shown")).toEqual([1, 3, 4]);
    expect(await harness.offsets({ topic: "shown" })).toEqual([3, 4]);
  });

  test("they never lengthen a resume", async () => {
    const harness = await start(bounds);
    await harness.publishMany("shown", 4);
    const view = await harness.follow("shown");
    expect(view.range(1, 4, 10, 10_000)).toBeNull();
    expect(view.range(2, 4, 10, 10_000)).toHaveLength(2);
  });

  test("they go with the topic's history", async () => {
    const harness = await start(bounds);
    await harness.publishMany("shown", 2);
    await harness.broker.clearHistory("shown");
    expect(await harness.kept("shown")).toEqual([]);
    await harness.publish("shown", "m");
    expect(await harness.kept("shown")).toEqual([1]);
  });
}
