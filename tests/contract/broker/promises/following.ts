import { expect, test } from "bun:test";
import { type StartBroker, succeeded } from "../harness.ts";

export function promiseFollowing(start: StartBroker): void {
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

  test("who unfollows and follows again, however soon, misses nothing", async () => {
    const harness = await start();
    for (let number = 0; number < 20; number++) {
      const topic = `t${number}`;
      await harness.follow(topic);
      harness.broker.unfollow(topic);
      for (let turn = 0; turn < number % 4; turn++) await new Promise((resolve) => setImmediate(resolve));
      await harness.follow(topic);
      await harness.publish(topic, "one");
      expect(await harness.delivered(topic, 1)).toEqual([1]);
    }
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
}
