import { expect, test } from "bun:test";
import { ClosedLoop } from "../../../bench/load/closed-loop.ts";

/** A server that delivers everything to everybody on the next turn. */
const loopOverEcho = (subscribers: number, inFlightMax: number) => {
  let outstanding = 0;
  let outstandingMost = 0;
  let published = 0;
  const loop: ClosedLoop = new ClosedLoop(subscribers, inFlightMax, (count) => {
    published += count;
    outstanding += count;
    outstandingMost = Math.max(outstandingMost, outstanding);
    setImmediate(() => {
      outstanding -= count;
      for (let subscriber = 0; subscriber < subscribers; subscriber++) loop.received(subscriber, count);
    });
  });
  return { loop, published: () => published, outstandingMost: () => outstandingMost };
};

test("keeps exactly so many publications outstanding and ends with none", async () => {
  const { loop, published, outstandingMost } = loopOverEcho(3, 16);
  const result = await loop.run(10, 30);
  expect(outstandingMost()).toBe(10);
  expect(result.publications).toBe(published());
  expect(result.publications).toBeGreaterThan(10);
  expect(result.deliveries).toBe(result.publications * 3);
  const again = await loop.run(1, 10);
  expect(result.publications + again.publications).toBe(published());
});

test("a publication is done only when the last subscriber has it", async () => {
  let published = 0;
  const loop = new ClosedLoop(2, 1, (count) => {
    published += count;
  });
  const running = loop.run(1, 10);
  loop.received(0, 1);
  await Bun.sleep(20);
  expect(published).toBe(1);
  loop.received(1, 1);
  expect((await running).deliveries).toBe(2);
});

test("a delivery too many ends the run with an error", async () => {
  const loop = new ClosedLoop(1, 4, () => {});
  const running = loop.run(1, 10);
  loop.received(0, 2);
  await expect(running).rejects.toThrow("received 2 publications of 1");
});

test("standing still ends the run with an error", async () => {
  const loop = new ClosedLoop(2, 4, () => {});
  const running = loop.run(4, 10, 20);
  loop.received(0, 4);
  await expect(running).rejects.toThrow("subscriber 1 has 0");
});

test("at a pace publishes so many a second, and ends with none outstanding", async () => {
  const { loop, published } = loopOverEcho(3, 1024);
  const result = await loop.pace(500, 200);
  expect(result.publications).toBe(published());
  expect(result.publications).toBe(100);
  expect(result.deliveries).toBe(300);
});
