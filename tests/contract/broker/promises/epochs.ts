import { expect, test } from "bun:test";
import { type StartBroker, succeeded } from "../harness.ts";

export function promiseEpochs(start: StartBroker): void {
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
}
