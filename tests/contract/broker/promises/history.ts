import { expect, test } from "bun:test";
import type { Position } from "../../../../src/core/position.ts";
import type { StartBroker } from "../harness.ts";

export function promiseHistory(start: StartBroker): void {
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
}
