import { describe, expect, test } from "bun:test";
import { rateOf } from "../../../src/limits/rate.ts";
import { TokenBucket } from "../../../src/limits/token-bucket.ts";

const tenASecond = { perSecond: 10, burst: 20 };

function takeAll(bucket: TokenBucket, nowMs: number, amount = 1): number {
  let taken = 0;
  while (bucket.take(amount, nowMs)) taken++;
  return taken;
}

describe("a rate", () => {
  test("of 0 is none; a burst is what comes together in its time, and one at least", () => {
    expect(rateOf(0, 2000)).toBeNull();
    expect(rateOf(10, 2000)).toEqual({ perSecond: 10, burst: 20 });
    expect(rateOf(0.1, 2000)).toEqual({ perSecond: 0.1, burst: 1 });
  });
});

describe("a bucket", () => {
  test("gives a burst, then so many a second, and never saves more than a burst", () => {
    const bucket = new TokenBucket(tenASecond, 0);
    expect(takeAll(bucket, 0)).toBe(20);
    expect(takeAll(bucket, 99)).toBe(0);
    expect(takeAll(bucket, 100)).toBe(1);
    expect(takeAll(bucket, 1100)).toBe(10);
    expect(takeAll(bucket, 3_600_000)).toBe(20);
  });

  test("over any time gives no more than its rate and one burst", () => {
    const bucket = new TokenBucket(tenASecond, 0);
    let taken = 0;
    for (let nowMs = 0; nowMs <= 60_000; nowMs += 7) if (bucket.take(1, nowMs)) taken++;
    expect(taken).toBeGreaterThanOrEqual(619);
    expect(taken).toBeLessThanOrEqual(620);
  });

  test("lets what is larger than a burst go when it is full, and has it paid for", () => {
    const bucket = new TokenBucket(tenASecond, 0);
    expect(bucket.take(120, 0)).toBe(true);
    expect(bucket.take(1, 10_000)).toBe(false);
    expect(bucket.take(1, 10_100)).toBe(true);
    expect(bucket.take(120, 11_000)).toBe(false);
  });

  test("says how long to wait, and a take after it succeeds", () => {
    const bucket = new TokenBucket(tenASecond, 0);
    expect(bucket.waitMs(1, 0)).toBe(0);
    takeAll(bucket, 0);
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.waitMs(1, 60)).toBe(40);
    expect(bucket.take(1, 100)).toBe(true);
  });

  test("is not filled by a clock that is set back", () => {
    const bucket = new TokenBucket(tenASecond, 1_000_000);
    takeAll(bucket, 1_000_000);
    expect(takeAll(bucket, 0)).toBe(0);
    expect(takeAll(bucket, 100)).toBe(1);
  });
});
