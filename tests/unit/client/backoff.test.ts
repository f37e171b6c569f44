import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Backoff, fullJitterMs } from "../../../src/client/backoff.ts";

describe("full jitter", () => {
  test("lies in [0, min(max, base * 2^n)], wherever the random number lies", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 2000 }),
        (random, attempt) => {
          const delayMs = fullJitterMs(attempt, 100, 30_000, () => random);
          expect(delayMs).toBe(random * Math.min(30_000, 100 * 2 ** attempt));
          expect(delayMs).toBeLessThanOrEqual(30_000);
          expect(delayMs).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test("starts at nothing: the range is not only its upper half", () => {
    expect(fullJitterMs(5, 100, 30_000, () => 0)).toBe(0);
  });
});

describe("Backoff", () => {
  const almostOne = 1 - Number.EPSILON;
  const growing = () => new Backoff(100, 1000, () => almostOne);

  test("doubles up to the limit, and starts over after a reset", () => {
    const backoff = growing();
    const delays = Array.from({ length: 6 }, () => Math.round(backoff.nextMs()));
    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    backoff.reset();
    expect(Math.round(backoff.nextMs())).toBe(100);
  });

  test("extra steps widen the range for this time", () => {
    const backoff = growing();
    expect(Math.round(backoff.nextMs(3))).toBe(800);
    expect(Math.round(backoff.nextMs())).toBe(200);
  });
});
