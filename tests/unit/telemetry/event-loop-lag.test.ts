import { expect, test } from "bun:test";
import { EventLoopLag } from "../../../src/telemetry/event-loop-lag.ts";
import { waitUntil } from "./support.ts";

test("before the first sample it is 0", () => {
  expect(new EventLoopLag().summary()).toEqual({ mean: 0, p99: 0, max: 0 });
});

test("timers on time are no lag, early ones neither", () => {
  const lag = new EventLoopLag();
  for (const elapsedMs of [100, 100, 95]) lag.record(elapsedMs);
  expect(lag.summary()).toEqual({ mean: 0, p99: 0, max: 0 });
});

test("mean, p99 and max in seconds", () => {
  const lag = new EventLoopLag();
  for (let sample = 0; sample < 98; sample++) lag.record(100);
  lag.record(150);
  lag.record(190);
  const { mean, p99, max } = lag.summary();
  expect(mean).toBeCloseTo(0.0014);
  expect(p99).toBeCloseTo(0.05);
  expect(max).toBeCloseTo(0.09);
});

test("a long block counts for every firing that it swallowed", () => {
  const lag = new EventLoopLag();
  for (let sample = 0; sample < 90; sample++) lag.record(100);
  lag.record(1100);
  const { mean, max } = lag.summary();
  expect(max).toBe(1);
  expect(mean).toBeCloseTo((1 + 0.9 + 0.8 + 0.7 + 0.6 + 0.5 + 0.4 + 0.3 + 0.2 + 0.1) / 100);
});

test("only the last minute counts, and a block of hours is bounded", () => {
  const lag = new EventLoopLag();
  lag.record(10_000_000);
  expect(lag.summary().max).toBeGreaterThan(9000);
  for (let sample = 0; sample < 600; sample++) lag.record(100);
  expect(lag.summary().max).toBe(0);
});

test("it sees a real block of the loop, and stops", async () => {
  const lag = new EventLoopLag();
  lag.start();
  try {
    await Bun.sleep(5);
    Bun.sleepSync(250);
    await waitUntil(() => lag.summary().max > 0.1, "the lag to be seen");
  } finally {
    lag.stop();
  }
  const { max } = lag.summary();
  Bun.sleepSync(300);
  await Bun.sleep(120);
  expect(lag.summary().max).toBe(max);
});
