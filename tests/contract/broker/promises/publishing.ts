import { expect, test } from "bun:test";
import { isEpoch } from "../../../../src/core/position.ts";
import { type StartBroker, succeeded } from "../harness.ts";

export function promisePublishing(start: StartBroker): void {
  test("offsets of a topic start at 1 and go up by one, in one epoch", async () => {
    const harness = await start();
    const outcomes = [];
    for (let number = 1; number <= 20; number++) outcomes.push(await harness.publish("t", `m${number}`));
    expect(outcomes.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
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
}
