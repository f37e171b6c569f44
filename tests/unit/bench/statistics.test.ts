import { expect, test } from "bun:test";
import { cpuSeconds, residentBytes } from "../../../bench/measure/process-usage.ts";
import { median, quantile } from "../../../bench/measure/statistics.ts";

test("median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test.skipIf(process.platform !== "linux")("a process's processor time is what it says itself", () => {
  const before = { outside: cpuSeconds(process.pid), inside: process.cpuUsage() };
  const deadline = performance.now() + 100;
  while (performance.now() < deadline);
  const spent = process.cpuUsage(before.inside);
  const outside = cpuSeconds(process.pid) - before.outside;
  expect(Math.abs(outside - (spent.user + spent.system) / 1e6)).toBeLessThan(0.03);
});

test.skipIf(process.platform !== "linux")("resident memory is what the process says itself", () => {
  expect(residentBytes(process.pid) / process.memoryUsage.rss()).toBeWithin(0.8, 1.25);
});

test("a quantile is the value that so many of all do not exceed", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(quantile(values, 0.99)).toBe(198);
  expect(quantile(values, 0.5)).toBe(100);
  expect(quantile(values, 1)).toBe(200);
  expect(quantile([7], 0.99)).toBe(7);
});
