import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../../src/telemetry/histogram.ts";

const errorShare = 2 ** (1 / 16) - 1;
const create = () => new Histogram({ minimum: 0.001, maximum: 1e6, bounds: [0.01, 1, 100] });

function filled(values: readonly number[]): Histogram {
  const histogram = create();
  for (const value of values) histogram.observe(value);
  return histogram;
}

/** The smallest value that the share of all values does not exceed. */
function exactQuantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

const withinRange = fc.double({ min: 0.0011, max: 9e5, noNaN: true });
const values = fc.array(withinRange, { minLength: 1, maxLength: 300 });

describe("quantiles", () => {
  test("are within the stated error", () => {
    const property = fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const exact = exactQuantile(list, share);
      const estimate = filled(list).quantile(share);
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * errorShare * 1.0001);
    });
    fc.assert(property);
  });

  test("rise with their share, and never above the maximum", () => {
    const property = fc.property(values, (list) => {
      const { p50, p95, p99, max } = filled(list).summary();
      expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].sort((a, b) => a - b));
      expect(max).toBe(Math.max(...list));
    });
    fc.assert(property);
  });

  test("beyond both ends stay bounded", () => {
    const histogram = filled([0, 0.0001, 1e9]);
    expect(histogram.quantile(0.5)).toBe(0.001);
    expect(histogram.quantile(1)).toBe(1e9);
  });

  test("of nothing are 0", () => {
    expect(create().summary()).toEqual({ count: 0, avg: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});

test("count, sum, average and the shown buckets are exact", () => {
  const property = fc.property(values, (list) => {
    const histogram = filled(list);
    const sum = list.reduce((total, value) => total + value, 0);
    expect(histogram.count).toBe(list.length);
    expect(histogram.sum).toBeCloseTo(sum, 3);
    expect(histogram.summary().avg).toBeCloseTo(sum / list.length, 3);
    const atMost = (bound: number) => list.filter((value) => value <= bound).length;
    expect(histogram.cumulativeCounts()).toEqual(histogram.bounds.map(atMost));
  });
  fc.assert(property);
});

test("a value on a bound belongs to it", () => {
  expect(filled([0.01, 1, 100, 101]).cumulativeCounts()).toEqual([1, 2, 3]);
});

test("a clock that steps back counts as zero; what is no number is ignored", () => {
  const histogram = filled([-5, Number.NaN]);
  expect([histogram.count, histogram.sum]).toEqual([1, 0]);
});
