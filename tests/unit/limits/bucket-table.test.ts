import { expect, test } from "bun:test";
import { BucketTable } from "../../../src/limits/bucket-table.ts";

const rate = { perSecond: 1, burst: 2 };

test("every key has a bucket of its own", () => {
  const table = new BucketTable(rate, 100);
  expect([table.take("a", 1, 0), table.take("a", 1, 0), table.take("a", 1, 0)]).toEqual([true, true, false]);
  expect(table.take("b", 1, 0)).toBe(true);
  expect(table.of("a", 0).waitMs(1, 0)).toBe(1000);
});

test("a million keys are no more than the table may hold", () => {
  const table = new BucketTable(rate, 1000);
  for (let key = 0; key < 1_000_000; key++) table.take(`key-${key}`, 1, key / 100);
  expect(table.size).toBeLessThanOrEqual(1000);
});

test("who goes on is not forgotten, whoever else comes", () => {
  const table = new BucketTable(rate, 1000);
  expect(table.take("busy", 2, 0)).toBe(true);
  for (let key = 0; key < 100_000; key++) {
    table.take(`key-${key}`, 1, 0);
    if (key % 400 === 0) expect(table.take("busy", 1, 0)).toBe(false);
  }
});

test("who was not there for two generations of a minute is forgotten, and would be full anyway", () => {
  const table = new BucketTable(rate, 1000);
  table.take("a", 2, 0);
  expect(table.size).toBe(1);
  table.take("b", 1, 61_000);
  expect(table.size).toBe(2);
  table.take("c", 1, 122_000);
  expect(table.size).toBe(2);
  expect(table.take("a", 2, 122_000)).toBe(true);
});

test("a slow rate is remembered until its bucket is full", () => {
  const table = new BucketTable({ perSecond: 0.001, burst: 2 }, 1000);
  table.take("a", 2, 0);
  for (let nowMs = 0; nowMs < 900_000; nowMs += 60_000) table.take(`other-${nowMs}`, 1, nowMs);
  expect(table.take("a", 1, 900_000)).toBe(false);
});
