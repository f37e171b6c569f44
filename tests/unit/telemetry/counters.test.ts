import { describe, expect, test } from "bun:test";
import { closeCodes } from "../../../src/core/close-codes.ts";
import { errorCodes } from "../../../src/core/errors.ts";
import type { HubCounters } from "../../../src/hub/ports.ts";
import { commandSchemas } from "../../../src/protocol/schemas.ts";
import type { SessionCounters } from "../../../src/session/context.ts";
import { Counters, commandTypes } from "../../../src/telemetry/counters.ts";
import { LabelledCounter, sumCounts } from "../../../src/telemetry/labelled-counter.ts";

test("they are what the hub and the sessions count with", () => {
  const counters = new Counters();
  const hub: HubCounters = counters;
  const sessions: SessionCounters = counters;
  hub.historyReads++;
  sessions.errors.add("invalid");
  expect([counters.historyReads, counters.errors.read().invalid]).toEqual([1, 1]);
});

test("every command of the wire format and every error code has its number", () => {
  expect(new Set<string>(commandTypes)).toEqual(new Set([...Object.keys(commandSchemas), "text"]));
  expect(Object.keys(new Counters().errors.read())).toEqual([...errorCodes, "other"]);
});

test("a labelled counter never grows: unknown labels fall together", () => {
  const counter = new LabelledCounter(["a", "b"]);
  counter.add("a");
  for (const label of ["", "other", "__proto__", "constructor", "c"]) counter.add(label);
  expect(counter.read()).toEqual({ a: 1, b: 0, other: 5 });
  expect(sumCounts(counter.read())).toBe(6);
});

describe("ends of connections", () => {
  test("WebSockets by code", () => {
    const counters = new Counters();
    const known = [1000, 1006, ...Object.values(closeCodes).map(({ code }) => code)];
    for (const code of [...known, 3000, 4999]) counters.countEnd("websocket", code, "", null);
    const counts = counters.websocketCloses.read();
    for (const code of known) expect(counts[code]).toBe(1);
    expect(counts.other).toBe(2);
    expect(counters.connectionsClosed).toEqual({ websocket: known.length + 2, sse: 0 });
  });

  test("streams have no code", () => {
    const counters = new Counters();
    counters.countEnd("sse", null, "", "backpressure");
    expect(counters.connectionsClosed.sse).toBe(1);
    expect(sumCounts(counters.websocketCloses.read())).toBe(0);
  });

  test("by why the server ended them", () => {
    const counters = new Counters();
    const reasons = ["backpressure", ...Object.keys(closeCodes)];
    for (const reason of [...reasons, null]) counters.countEnd("websocket", 1006, "", reason);
    const { other, ...evictions } = counters.evictions.read();
    expect(Object.values(evictions)).toEqual(reasons.map(() => 1));
    expect(evictions).toHaveProperty("pong_timeout");
    expect(other).toBe(0);
  });

  test.each([
    ["", "lost"],
    ["Received too big message", "too_large"],
    ["Received invalid UTF-8", "invalid_text"],
    ["WebSocket timed out from inactivity", "idle_timeout"],
    ["Received an incorrectly masked frame", "protocol"],
    ["Received invalid opcode", "protocol"],
  ] as const)("1006 %p is %s", (reason, label) => {
    const counters = new Counters();
    counters.countEnd("websocket", 1006, reason, null);
    expect(counters.websocketAbnormalCloses.read()[label]).toBe(1);
  });

  test("the reason of an orderly close is the client's word and is not counted", () => {
    const counters = new Counters();
    counters.countEnd("websocket", 1000, "Received too big message", null);
    expect(sumCounts(counters.websocketAbnormalCloses.read())).toBe(0);
  });
});
