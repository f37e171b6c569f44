import { describe, expect, test } from "bun:test";
import { type FrameRateLimits, FrameRates } from "../../../src/limits/frame-rates.ts";
import { FakeClock } from "../../support/fake-ports.ts";

const none: FrameRateLimits = { frames: null, bytes: null, userFrames: null, userBytes: null };

function start(limits: Partial<FrameRateLimits>) {
  const clock = new FakeClock();
  const rates = new FrameRates({ ...none, ...limits }, clock);
  const sent = (throttle: ReturnType<typeof rates.throttle>, frames: number, bytes = 1) =>
    Array.from({ length: frames }, () => throttle!.takes(bytes)).filter(Boolean).length;
  return { clock, rates, sent };
}

describe("frames of clients", () => {
  test("are not counted where nothing bounds them", () => {
    expect(start({}).rates.throttle("alice")).toBeNull();
    const { rates } = start({ userFrames: { perSecond: 1, burst: 1 } });
    expect(rates.throttle(null)).toBeNull();
    expect(rates.throttle("alice")).not.toBeNull();
  });

  test("are bounded in number, each connection for itself", () => {
    const { rates, clock, sent } = start({ frames: { perSecond: 10, burst: 20 } });
    const [first, second] = [rates.throttle("alice"), rates.throttle("alice")];
    expect([sent(first, 100), sent(second, 100)]).toEqual([20, 20]);
    clock.nowMs += 500;
    expect(sent(first, 100)).toBe(5);
  });

  test("are bounded in bytes; one that is larger than a burst goes when all was quiet", () => {
    const { rates, clock, sent } = start({ bytes: { perSecond: 1000, burst: 2000 } });
    const throttle = rates.throttle(null);
    expect(sent(throttle, 100, 100)).toBe(20);
    clock.nowMs += 2000;
    expect(sent(throttle, 2, 65_536)).toBe(1);
    clock.nowMs += 60_000;
    expect(sent(throttle, 1)).toBe(0);
  });

  test("of all connections of a user are bounded together, and of nobody else", () => {
    const { rates, sent } = start({
      userFrames: { perSecond: 1, burst: 10 },
      userBytes: { perSecond: 1, burst: 1000 },
    });
    const connections = Array.from({ length: 5 }, () => rates.throttle("alice"));
    expect(connections.map((throttle) => sent(throttle, 4))).toEqual([4, 4, 2, 0, 0]);
    expect(sent(rates.throttle("bob"), 4)).toBe(4);
    expect(sent(rates.throttle("carol"), 3, 600)).toBe(1);
  });

  test("that are refused cost nothing of the other bounds", () => {
    const { rates, clock, sent } = start({
      frames: { perSecond: 1, burst: 5 },
      userBytes: { perSecond: 1000, burst: 1000 },
    });
    const [greedy, modest] = [rates.throttle("alice"), rates.throttle("alice")];
    expect(sent(greedy, 1000, 100)).toBe(5);
    expect(sent(modest, 5, 100)).toBe(5);
    clock.nowMs += 1000;
    expect(sent(greedy, 5, 2000)).toBe(1);
  });
});
