import { expect, test } from "bun:test";
import { remembered } from "../../../src/lifecycle/remembered.ts";
import { FakeClock } from "../../support/fake-ports.ts";

test("an answer is made once for all who ask within its time, and anew after it", () => {
  const clock = new FakeClock();
  let made = 0;
  const ask = remembered(100, clock, () => ++made);
  expect([ask(), ask()]).toEqual([1, 1]);
  clock.nowMs += 99;
  expect(ask()).toBe(1);
  clock.nowMs += 1;
  expect(ask()).toBe(2);
  clock.nowMs -= 10_000;
  expect(ask()).toBe(3);
});

test("who asks while it is being made waits for the same one", async () => {
  let made = 0;
  const ask = remembered(100, new FakeClock(), async () => ++made);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
});
