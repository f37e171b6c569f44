import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addHistograms,
  cumulativeCounts,
  Histogram,
  type HistogramReading,
  quantile,
  summarise,
} from "../../../src/telemetry/histogram.ts";

const errorShare = 2 ** (1 / 16) - 1;
const create = () => new Histogram({ minimum: 0.001, maximum: 1e6, bounds: [0.01, 1, 100] });

function filled(values: readonly number[]): HistogramReading {
  const histogram = create();
  for (const value of values) histogram.observe(value);
  return histogram.read();
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
      const estimate = quantile(filled(list), share);
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * errorShare * 1.0001);
    });
    fc.assert(property);
  });

  test("rise with their share, and never above the maximum", () => {
    const property = fc.property(values, (list) => {
      const { p50, p95, p99, max } = summarise(filled(list));
      expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].sort((a, b) => a - b));
      expect(max).toBe(Math.max(...list));
    });
    fc.assert(property);
  });

  test("beyond both ends stay bounded", () => {
    const histogram = filled([0, 0.0001, 1e9]);
    expect(quantile(histogram, 0.5)).toBe(0.001);
    expect(quantile(histogram, 1)).toBe(1e9);
  });

  test("of nothing are 0", () => {
    expect(summarise(filled([]))).toEqual({ count: 0, avg: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});

test("count, sum, average and the shown buckets are exact", () => {
  const property = fc.property(values, (list) => {
    const histogram = filled(list);
    const sum = list.reduce((total, value) => total + value, 0);
    expect(histogram.count).toBe(list.length);
    expect(histogram.sum).toBeCloseTo(sum, 3);
    expect(summarise(histogram).avg).toBeCloseTo(sum / list.length, 3);
    const atMost = (bound: number) => list.filter((value) => value <= bound).length;
    expect(cumulativeCounts(histogram)).toEqual(histogram.bounds.map(atMost));
  });
  fc.assert(property);
});

test("a value on a bound belongs to it", () => {
  expect(cumulativeCounts(filled([0.01, 1, 100, 101]))).toEqual([1, 2, 3]);
});

test("a clock that steps back counts as zero; what is no number is ignored", () => {
  const histogram = filled([-5, Number.NaN]);
  expect([histogram.count, histogram.sum]).toEqual([1, 0]);
});

describe("histograms of several processes", () => {
  test("say together what one histogram of all values would say", () => {
    const property = fc.property(values, values, (one, other) => {
      const together = addHistograms(filled(one), filled(other));
      const expected = filled([...one, ...other]);
      expect({ ...together, sum: 0 }).toEqual({ ...expected, sum: 0 });
      expect(together.sum).toBeCloseTo(expected.sum, 3);
      expect(JSON.parse(JSON.stringify(together))).toEqual(together);
    });
    fc.assert(property);
  });

  test("that were counted differently are not mixed", () => {
    const other = new Histogram({ minimum: 0.001, maximum: 1e6, bounds: [0.01, 1, 1000] });
    other.observe(5);
    const one = filled([1, 2]);
    expect(addHistograms(one, other.read())).toBe(one);
  });
});
