import { expect, test } from "bun:test";
import { Backoff } from "../../../../src/lifecycle/supervisor/backoff.ts";

test("each death in a row is waited for twice as long, up to ten seconds", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 9 }, () => backoff.next(50));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("one that stayed up for ten seconds is started at once again", () => {
  const backoff = new Backoff();
  for (let death = 0; death < 5; death++) backoff.next(9999);
  expect(backoff.next(10_000)).toBe(100);
  expect(backoff.next(50)).toBe(200);
});
