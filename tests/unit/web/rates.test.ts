import { describe, expect, test } from "bun:test";
import { RateHistory } from "../../../src/web/page/topics/rates.ts";

describe("rates of growing counters", () => {
  test("are differences a second, from the second reading on", () => {
    const rates = new RateHistory(10);
    rates.add({ atMs: 0, counters: { sent: 100 } });
    expect(rates.latest("sent")).toBeNull();
    rates.add({ atMs: 2000, counters: { sent: 150 } });
    expect(rates.latest("sent")).toBe(25);
  });

  test("a counter that fell, or is new, has none yet", () => {
    const rates = new RateHistory(10);
    rates.add({ atMs: 0, counters: { sent: 100 } });
    rates.add({ atMs: 1000, counters: { sent: 10, late: 5 } });
    expect(rates.series("sent")).toEqual([null, null]);
    expect(rates.latest("late")).toBeNull();
    rates.add({ atMs: 2000, counters: { sent: 12, late: 6 } });
    expect(rates.latest("sent")).toBe(2);
    expect(rates.latest("late")).toBe(1);
  });

  test("keep their bound, and forget counters that are gone", () => {
    const rates = new RateHistory(3);
    for (let second = 0; second < 6; second += 1) {
      rates.add({ atMs: second * 1000, counters: { sent: second ** 2 } });
    }
    expect(rates.series("sent")).toEqual([5, 7, 9]);
    rates.add({ atMs: 7000, counters: {} });
    expect(rates.series("sent")).toEqual([]);
  });

  test("time in which nobody looked is not averaged over", () => {
    const rates = new RateHistory(10);
    rates.add({ atMs: 0, counters: { sent: 0 } });
    rates.pause();
    rates.add({ atMs: 60_000, counters: { sent: 6000 } });
    expect(rates.latest("sent")).toBeNull();
    rates.add({ atMs: 61_000, counters: { sent: 6001 } });
    expect(rates.latest("sent")).toBe(1);
  });
});
