import { describe, expect, test } from "bun:test";
import { Liveness } from "../../../src/client/liveness.ts";
import { FakeClock } from "./support/fake-clock.ts";

function watch(canAsk = true) {
  const clock = new FakeClock();
  const seen = { asked: 0, dead: 0 };
  const liveness = new Liveness({
    clock,
    answerTimeoutMs: 10,
    ask: canAsk
      ? () => {
          seen.asked += 1;
        }
      : null,
    dead: () => {
      seen.dead += 1;
    },
  });
  liveness.start(60);
  return { clock, seen, liveness };
}

describe("silence", () => {
  test("is asked about once it is too long, and is death without an answer", () => {
    const { clock, seen } = watch();
    clock.advance(59);
    expect(seen).toEqual({ asked: 0, dead: 0 });
    clock.advance(1);
    expect(seen).toEqual({ asked: 1, dead: 0 });
    clock.advance(10);
    expect(seen).toEqual({ asked: 1, dead: 1 });
    expect(clock.pending).toBe(0);
  });

  test("is not silence while frames come", () => {
    const { clock, seen, liveness } = watch();
    for (let count = 0; count < 10; count += 1) {
      clock.advance(30);
      liveness.heard();
    }
    expect(seen).toEqual({ asked: 0, dead: 0 });
    clock.advance(60);
    expect(seen.asked).toBe(1);
  });

  test("any frame is an answer", () => {
    const { clock, seen, liveness } = watch();
    clock.advance(65);
    liveness.heard();
    clock.advance(50);
    expect(seen).toEqual({ asked: 1, dead: 0 });
    clock.advance(15);
    expect(seen).toEqual({ asked: 2, dead: 0 });
  });

  test("is death by itself where nothing can be asked", () => {
    const { clock, seen } = watch(false);
    clock.advance(60);
    expect(seen).toEqual({ asked: 0, dead: 1 });
    expect(clock.pending).toBe(0);
  });
});

test("a probe asks at once, and once", () => {
  const { clock, seen, liveness } = watch();
  liveness.probe();
  liveness.probe();
  expect(seen.asked).toBe(1);
  clock.advance(10);
  expect(seen.dead).toBe(1);
});

test("after stop nothing happens any more", () => {
  const { clock, seen, liveness } = watch();
  liveness.stop();
  liveness.probe();
  clock.advance(1000);
  expect(seen).toEqual({ asked: 0, dead: 0 });
  expect(clock.pending).toBe(0);
});
