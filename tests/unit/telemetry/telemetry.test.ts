import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createTelemetry, type Telemetry } from "../../../src/telemetry/telemetry.ts";

let telemetry: Telemetry;
beforeEach(() => {
  telemetry = createTelemetry({ version: "1.2.3" });
});
afterEach(() => telemetry.stop());

describe("JSON", () => {
  test("has the documented members, and zeros at first", () => {
    const json = telemetry.toJson();
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(json).toMatchObject({
      active_connections: 0,
      total_connections: 0,
      messages_sent: 0,
      messages_received: 0,
      uptime_seconds: expect.any(Number),
      error_rate: 0,
      connection_duration: { count: 0, avg: 0, p50: 0, p95: 0, max: 0 },
    });
  });

  test("adds up what was counted", () => {
    const { counters } = telemetry;
    telemetry.connectionOpened("websocket");
    telemetry.connectionOpened("websocket");
    telemetry.connectionOpened("sse");
    telemetry.connectionEnded({
      transport: "websocket",
      durationMs: 2000,
      code: 4408,
      reason: "no pong",
      evictedFor: "pongTimeout",
    });
    counters.deliveries.websocket += 5;
    counters.deliveries.sse += 2;
    counters.framesReceived += 6;
    counters.publications.rest += 1;
    counters.requestsReceived += 4;
    counters.errors.add("invalid");
    counters.connectionsRefused.add("draining");
    const json = telemetry.toJson();
    expect(json).toMatchObject({
      total_connections: 3,
      messages_sent: 7,
      messages_received: 7,
      error_rate: 0.1,
    });
    expect(json.connections.closed).toEqual({ websocket: 1, sse: 0 });
    expect(json.connections.refused.draining).toBe(1);
    expect(json.connections.evicted.pong_timeout).toBe(1);
    expect(json.connections.close_codes["4408"]).toBe(1);
    const { count, avg, p50 } = json.connection_duration;
    expect(count).toBe(1);
    expect(avg).toBe(2);
    expect(Math.abs(p50 - avg)).toBeLessThan(avg * 0.05);
  });

  test("is a copy", () => {
    const before = telemetry.toJson();
    telemetry.counters.errors.add("invalid");
    telemetry.counters.deliveries.sse++;
    expect(before.errors.invalid + before.deliveries.sse).toBe(0);
  });

  test("asks the source for what there is now", () => {
    let websocket = 3;
    telemetry.setSource({
      connections: () => ({ websocket, sse: 2 }),
      subscriptions: () => 9,
      topics: () => 4,
      ringBytes: () => 1000,
      load: () => ({ level: "refusing_publications", rank: 2, cause: "memory" }),
      isBrokerConnected: () => false,
    });
    expect(telemetry.toJson()).toMatchObject({ active_connections: 5, subscriptions: 9, topics: 4 });
    websocket = 0;
    expect(telemetry.toJson()).toMatchObject({ active_connections: 2, history: { ring_bytes: 1000 } });
  });

  test("has the facts of the process", () => {
    const { process: facts } = telemetry.toJson();
    expect(facts.resident_memory_bytes).toBeGreaterThan(10_000_000);
    expect(facts.heap_bytes).toBeGreaterThan(100_000);
    expect(facts.cpu_user_seconds).toBeGreaterThan(0);
    expect(facts.cpu_system_seconds).toBeGreaterThanOrEqual(0);
  });

  test.if(process.platform === "linux")("sees file descriptors that are opened", async () => {
    const { openSync, closeSync } = await import("node:fs");
    const before = telemetry.toJson().process;
    const opened = Array.from({ length: 20 }, () => openSync(import.meta.path, "r"));
    const after = telemetry.toJson().process;
    for (const descriptor of opened) closeSync(descriptor);
    expect(after.open_files! - before.open_files!).toBe(20);
    expect(after.open_files_limit).toBeGreaterThan(after.open_files!);
  });
});

test("one publish in sixteen is timed", async () => {
  for (let publish = 0; publish < 33; publish++) {
    const started = telemetry.publishTimer.begin();
    if (publish === 16) Bun.sleepSync(20);
    telemetry.publishTimer.end(started);
  }
  const { count, max } = telemetry.toJson().publish_latency_seconds;
  expect(count).toBe(3);
  expect(max).toBeGreaterThanOrEqual(0.02);
  expect(max).toBeLessThan(1);
});

test("it does not keep the process alive", async () => {
  const script = `
    import { createTelemetry } from "${import.meta.dir}/../../../src/telemetry/telemetry.ts";
    createTelemetry({ version: "1" });`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "ignore", stderr: "inherit" });
  expect(await child.exited).toBe(0);
});
