import { expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { createHub } from "./model/hub-harness.ts";

test("so many may read a topic; who leaves makes room; other topics do not suffer", () => {
  const { hub } = createHub({ hub: { subscribersMax: 3 } });
  const readers = Array.from({ length: 4 }, () => ({ userId: null, format: 0 }));
  const subscribe = (reader: (typeof readers)[number], topic = "t") =>
    hub.subscribe(reader, topic, undefined, () => {});
  expect(readers.slice(0, 3).map((reader) => subscribe(reader))).toEqual([null, null, null]);
  expect(subscribe(readers[3]!)).toBeInstanceOf(Failure);
  expect((subscribe(readers[3]!) as Failure).code).toBe("unavailable");
  expect(subscribe(readers[3]!, "other")).toBeNull();
  expect(hub.subscribersOf("t")).toBe(3);
  hub.unsubscribe(readers[0]!, "t");
  expect(subscribe(readers[3]!)).toBeNull();
  expect(hub.subscribersOf("t")).toBe(3);
});

test("without a bound as many as come", () => {
  const { hub } = createHub({ hub: { subscribersMax: 0 } });
  for (let count = 0; count < 1000; count++) {
    expect(hub.subscribe({ userId: null, format: 0 }, "t", undefined, () => {})).toBeNull();
  }
});
