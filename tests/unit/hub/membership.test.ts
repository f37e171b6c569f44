import { describe, expect, test } from "bun:test";
import { MembershipEvents } from "../../../src/hub/membership.ts";
import { createFakePorts } from "../../support/fake-ports.ts";

function start() {
  const { scheduler } = createFakePorts();
  const told: [string, string, boolean][] = [];
  const events = new MembershipEvents(scheduler, 500, (...change) => told.push(change));
  return { scheduler, told, events };
}

describe("coming and going", () => {
  test("is told once the window is over", () => {
    const { scheduler, told, events } = start();
    events.changed("t", "alice", true);
    events.changed("t", "bob", false);
    scheduler.advance(499);
    expect(told).toEqual([]);
    scheduler.advance(1);
    expect(told).toEqual([
      ["t", "alice", true],
      ["t", "bob", false],
    ]);
  });

  test("a reload is no event: what comes back within the window is not told", () => {
    const { scheduler, told, events } = start();
    events.changed("t", "alice", false);
    events.changed("t", "alice", true);
    events.changed("t", "bob", true);
    events.changed("t", "bob", false);
    events.changed("t", "carol", false);
    events.changed("t", "carol", true);
    events.changed("t", "carol", false);
    scheduler.advance(500);
    expect(told).toEqual([["t", "carol", false]]);
  });

  test("windows begin anew, and topics are apart", () => {
    const { scheduler, told, events } = start();
    events.changed("a", "alice", true);
    events.changed("b", "alice", false);
    scheduler.advance(500);
    events.changed("a", "alice", false);
    expect(scheduler.timers).toBe(1);
    scheduler.advance(500);
    expect(told).toEqual([
      ["a", "alice", true],
      ["b", "alice", false],
      ["a", "alice", false],
    ]);
    expect(scheduler.timers).toBe(0);
  });

  test("after closing nothing is told", () => {
    const { scheduler, told, events } = start();
    events.changed("t", "alice", true);
    events.close();
    scheduler.advance(1000);
    expect(told).toEqual([]);
  });
});
