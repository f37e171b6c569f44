import { expect, test } from "bun:test";
import { addEnded, combineReadings, type Readings } from "../../../src/telemetry/readings.ts";
import { combineSnapshots, createTelemetry, type MetricsSnapshot } from "../../../src/telemetry/telemetry.ts";

/** A process that has counted something, and has so many connections. */
function processWith(numbers: {
  frames: number;
  connections: number;
  lagMs?: number;
  durationsMs?: number[];
}): MetricsSnapshot {
  const telemetry = createTelemetry({ version: "1.2.3" });
  telemetry.stop();
  telemetry.counters.framesReceived = numbers.frames;
  telemetry.counters.deliveries.websocket = numbers.frames * 2;
  telemetry.counters.errors.add("invalid");
  for (const durationMs of numbers.durationsMs ?? []) {
    telemetry.connectionEnded({ transport: "sse", durationMs, code: null, reason: "", evictedFor: null });
  }
  telemetry.setSource({
    connections: () => ({ websocket: numbers.connections, sse: 1 }),
    subscriptions: () => 1,
    topics: () => 1,
    ringBytes: () => 10,
    load: () =>
      numbers.connections > 5
        ? { level: "refusing_connections", rank: 1, cause: "lag" }
        : { level: "normal", rank: 0, cause: null },
    isBrokerConnected: () => numbers.connections <= 5,
  });
  // What travels from process to process.
  return JSON.parse(JSON.stringify(telemetry.read()));
}

const shown = createTelemetry({ version: "1.2.3" });
shown.stop();
const jsonOf = (snapshots: MetricsSnapshot[], ended: Readings = {}) =>
  shown.toJson(combineSnapshots(snapshots, ended));

test("counters and gauges of several processes add up; quantiles are those of all values", () => {
  const one = processWith({ frames: 10, connections: 3, durationsMs: Array(99).fill(1000) });
  const other = processWith({ frames: 30, connections: 4, durationsMs: [100_000] });
  const json = jsonOf([one, other]);
  expect(json).toMatchObject({
    active_connections: 9,
    frames_received: 40,
    messages_sent: 80,
    error_rate: 0.05,
    history: { ring_bytes: 20 },
    deliveries: { websocket: 80, sse: 0 },
    errors: { invalid: 2, forbidden: 0 },
    load: { level: "normal", cause: null },
  });
  const { count, avg, p50, p99, max } = json.connection_duration;
  expect([count, avg, max]).toEqual([100, 1.99, 100]);
  expect(p50).toBeCloseTo(1, 1);
  expect(p99).toBeCloseTo(1, 1);
  expect(Math.abs(jsonOf([other]).connection_duration.p50 - 100)).toBeLessThan(4.6);
});

test("what is worst, or longest, is said of all: lag, load, uptime, a broker that is out of reach", () => {
  const calm = processWith({ frames: 1, connections: 1 });
  const busy = processWith({ frames: 1, connections: 6 });
  const readings: Readings = {
    ...busy.readings,
    fanfare_uptime_seconds: 500,
    fanfare_event_loop_lag_p99_seconds: 0.5,
    fanfare_event_loop_lag_mean_seconds: 0.2,
  };
  const calmReadings = { ...calm.readings, fanfare_event_loop_lag_mean_seconds: 0.1 };
  const both = combineSnapshots(
    [
      { ...calm, readings: calmReadings },
      { ...busy, readings },
    ],
    {},
  );
  expect(both.readings.fanfare_broker_connected).toBe(0);
  expect(both.readings.fanfare_load_level).toBe(1);
  const json = shown.toJson(both);
  expect(json.load).toEqual({ level: "refusing_connections", cause: "lag" });
  expect(json.uptime_seconds).toBe(500);
  expect(json.event_loop_lag_seconds.p99).toBe(0.5);
  expect(json.event_loop_lag_seconds.mean).toBeCloseTo(0.15);
});

test("what a process counted stays when it has ended; what it had does not", () => {
  const first = processWith({ frames: 10, connections: 3, durationsMs: [1000] });
  const second = processWith({ frames: 5, connections: 1, durationsMs: [3000] });
  const alive = processWith({ frames: 1, connections: 2 });
  const ended = addEnded(addEnded({}, first.readings), second.readings);
  const json = jsonOf([alive], ended);
  expect(json).toMatchObject({ frames_received: 16, active_connections: 3, history: { ring_bytes: 10 } });
  expect(json.errors.invalid).toBe(3);
  expect(json.connection_duration).toMatchObject({ count: 2, avg: 2 });
  expect(Object.keys(ended)).not.toContain("fanfare_connections");
});

test("a process of another version may lack metrics, have others, or mean something else by one", () => {
  const own = processWith({ frames: 10, connections: 3, durationsMs: [1000] });
  const odd: Readings = {
    fanfare_frames_received_total: 5,
    fanfare_deliveries_total: { websocket: 1, pigeon: 7 },
    fanfare_connection_duration_seconds: 3,
    fanfare_unheard_of_total: 9,
  };
  const readings = combineReadings([own.readings, odd]);
  expect(readings.fanfare_frames_received_total).toBe(15);
  expect(readings.fanfare_deliveries_total).toEqual({ websocket: 21, sse: 0, pigeon: 7 });
  expect(readings).not.toHaveProperty("fanfare_unheard_of_total");
  expect(shown.toJson({ ...own, readings }).connection_duration.count).toBe(1);
  expect(combineReadings([odd]).fanfare_topics).toBeNull();
});
