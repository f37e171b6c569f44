import { expect, test } from "bun:test";
import { ConnectionCounts } from "../../../src/limits/connection-counts.ts";

test("counts what is open, and holds nobody who has nothing open", () => {
  const counts = new ConnectionCounts();
  counts.opened("a");
  counts.opened("a");
  counts.opened("b");
  expect([counts.of("a"), counts.of("b"), counts.of("c")]).toEqual([2, 1, 0]);
  counts.closed("a");
  counts.closed("b");
  expect([counts.of("a"), counts.of("b"), counts.clients]).toEqual([1, 0, 1]);
});

test("a million addresses that come and go leave nothing behind", () => {
  const counts = new ConnectionCounts();
  for (let index = 0; index < 1_000_000; index++) {
    counts.opened(`2001:db8:0:${index.toString(16)}::/64`);
    counts.closed(`2001:db8:0:${index.toString(16)}::/64`);
  }
  expect(counts.clients).toBe(0);
});
