import { describe, expect, test } from "bun:test";
import { TransportSelector } from "../../../src/client/transport-selector.ts";

function failedAttemptsUntil(selector: TransportSelector, name: string): number {
  for (let count = 0; count < 20; count += 1) {
    if (selector.current === name) return count;
    selector.failed();
  }
  throw new Error(`${name} was never chosen`);
}

const both = () => new TransportSelector(["websocket", "sse"]);

describe("falling back", () => {
  test("after two attempts when the first transport has never opened", () => {
    expect(failedAttemptsUntil(both(), "sse")).toBe(2);
  });

  test("later when it has: the server is more likely away", () => {
    const selector = both();
    selector.opened();
    selector.ended();
    expect(failedAttemptsUntil(selector, "sse")).toBe(5);
  });

  test("at once when the platform refuses the first", () => {
    const selector = both();
    expect(selector.blocked()).toBe(true);
    expect(selector.current).toBe("sse");
  });

  test("back to the first when the fallback fails too", () => {
    const selector = both();
    failedAttemptsUntil(selector, "sse");
    selector.failed();
    expect(selector.current).toBe("websocket");
  });

  test("with one transport there is nothing to fall back to", () => {
    const selector = new TransportSelector(["sse"]);
    for (let count = 0; count < 9; count += 1) selector.failed();
    expect(selector.current).toBe("sse");
    expect(selector.blocked()).toBe(false);
    expect(new TransportSelector([]).current).toBeUndefined();
  });
});

describe("coming back", () => {
  function onFallback(hadWorked: boolean): TransportSelector {
    const selector = both();
    if (hadWorked) {
      selector.opened();
      selector.ended();
    }
    failedAttemptsUntil(selector, "sse");
    selector.opened();
    return selector;
  }

  test("the next cycle tries the first transport once", () => {
    const selector = onFallback(false);
    selector.ended();
    expect(selector.current).toBe("websocket");
    expect(failedAttemptsUntil(selector, "sse")).toBe(1);
  });

  test("is worth a try of its own only if the first has worked, and did not fail that try", () => {
    expect(onFallback(false).mayReturn).toBe(false);
    const selector = onFallback(true);
    expect(selector.mayReturn).toBe(true);
    selector.ended();
    selector.failed();
    expect(selector.current).toBe("sse");
    expect(selector.mayReturn).toBe(false);
  });

  test("an outage of both is no proof that the first is blocked", () => {
    const selector = both();
    selector.opened();
    selector.ended();
    failedAttemptsUntil(selector, "sse");
    selector.failed();
    failedAttemptsUntil(selector, "sse");
    selector.opened();
    expect(selector.mayReturn).toBe(true);
  });
});
