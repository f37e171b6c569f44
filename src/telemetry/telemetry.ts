import type { Counters, TransportName } from "./counters.ts";
import { type MetricsJson, metricsToJson } from "./json.ts";
import { type PrometheusAnswer, PrometheusExporter } from "./prometheus.ts";
import { combineReadings, type Readings, readMetrics } from "./readings.ts";
import { SampledTimer } from "./sampled-timer.ts";
import { emptySource, type LoadState, type MetricsSource } from "./source.ts";
import { createState } from "./state.ts";

/** One publish in so many is timed. */
const publishSampling = 16;

export interface TelemetryOptions {
  /** This server's version. */
  version: string;
}

/** How a connection ended. */
export interface ConnectionEnd {
  readonly transport: TransportName;
  readonly durationMs: number;
  /** The WebSocket close code; null for SSE. */
  readonly code: number | null;
  /** The text that the close handler was given. */
  readonly reason: string;
  /** Why the server ended it: `backpressure`, or a name of the close-code table; null: it did not. */
  readonly evictedFor: string | null;
}

/** What the metrics say at one moment, as plain JSON: processes tell it each other. */
export interface MetricsSnapshot {
  readonly readings: Readings;
  readonly load: LoadState;
}

/** The snapshots of several processes as if they were one; `ended` is what others counted that are gone. */
export function combineSnapshots(snapshots: readonly MetricsSnapshot[], ended: Readings): MetricsSnapshot {
  const loads = snapshots.map(({ load }) => load).sort((one, other) => other.rank - one.rank);
  return {
    readings: combineReadings([...snapshots.map(({ readings }) => readings), ended]),
    load: loads[0] ?? emptySource.load(),
  };
}

export interface Telemetry {
  readonly counters: Counters;
  /** `const started = publishTimer.begin(); …; publishTimer.end(started);` around a publish. */
  readonly publishTimer: SampledTimer;
  /** Registers what knows the present numbers; until then they are 0. */
  setSource(source: MetricsSource): void;
  connectionOpened(transport: TransportName): void;
  connectionEnded(ended: ConnectionEnd): void;
  /** What this process says now. */
  read(): MetricsSnapshot;
  toJson(snapshot?: MetricsSnapshot): MetricsJson;
  toPrometheus(openMetrics: boolean, snapshot?: MetricsSnapshot): Promise<PrometheusAnswer>;
  /** Ends the measuring of the event loop. */
  stop(): void;
}

/** Starts measuring the event loop, with a timer that does not keep the process alive. */
export function createTelemetry({ version }: TelemetryOptions): Telemetry {
  const state = createState({ version, bunVersion: Bun.version });
  const { counters } = state;
  const plainText = new PrometheusExporter(state.build, false);
  const openMetricsText = new PrometheusExporter(state.build, true);
  const read = () => ({ readings: readMetrics(state), load: state.source.load() });
  state.eventLoopLag.start();
  return {
    counters,
    publishTimer: new SampledTimer(state.publishLatencies, publishSampling),
    setSource(source) {
      state.source = source;
    },
    connectionOpened(transport) {
      counters.connectionsOpened[transport]++;
    },
    connectionEnded({ transport, durationMs, code, reason, evictedFor }) {
      counters.countEnd(transport, code, reason, evictedFor);
      state.connectionDurations.observe(durationMs / 1000);
    },
    read,
    toJson(snapshot = read()) {
      return metricsToJson(snapshot.readings, snapshot.load);
    },
    toPrometheus(openMetrics, { readings } = read()) {
      return (openMetrics ? openMetricsText : plainText).show(readings);
    },
    stop: () => state.eventLoopLag.stop(),
  };
}
