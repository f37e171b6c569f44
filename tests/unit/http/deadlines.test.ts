import { expect, test } from "bun:test";
import { Deadlines } from "../../../src/http/deadlines.ts";

const late = () => new Error("late");
const after = (ms: number, result: string) => Bun.sleep(ms).then(() => result);

test("what comes in time is passed on, and so is what fails", async () => {
  const deadlines = new Deadlines(500);
  expect(await deadlines.within(Promise.resolve("now"), late)).toBe("now");
  expect(await deadlines.within(after(20, "soon"), late)).toBe("soon");
  await expect(deadlines.within(Promise.reject(new Error("failed")), late)).rejects.toThrow("failed");
});

test("what takes too long is ended, each in its own time, and what comes later changes nothing", async () => {
  const deadlines = new Deadlines(100);
  const startedMs = performance.now();
  const times: number[] = [];
  const waits = [0, 50, 90].map(async (delayMs) => {
    await Bun.sleep(delayMs);
    const begunMs = performance.now();
    await expect(deadlines.within(after(400, "late"), late)).rejects.toThrow("late");
    times.push(performance.now() - begunMs);
  });
  await Promise.all([...waits, deadlines.within(after(60, "in time"), late)]);
  for (const time of times) expect(time).toBeWithin(99, 350);
  await Bun.sleep(400 - (performance.now() - startedMs));
  await expect(deadlines.within(new Promise(() => {}), late)).rejects.toThrow("late");
});
