import { expect, test } from "bun:test";
import type { StartBroker } from "../harness.ts";

export function promiseKeys(start: StartBroker): void {
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

  test("and, where it is known who publishes, to their publisher", async () => {
    const harness = await start();
    const by = (publisher: string | undefined) => harness.publish("t", "m", { key: "k", publisher });
    expect(await by("alice")).toMatchObject({ offset: 1, repeated: false });
    expect(await by("bob")).toMatchObject({ offset: 2, repeated: false });
    expect(await by(undefined)).toMatchObject({ offset: 3, repeated: false });
    expect(await by("alice")).toMatchObject({ offset: 1, repeated: true });
    expect(await by("bob")).toMatchObject({ offset: 2, repeated: true });
    expect(await by(undefined)).toMatchObject({ offset: 3, repeated: true });
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
}
