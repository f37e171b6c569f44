import { Counters } from "./counters.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import { Histogram } from "./histogram.ts";
import { emptySource, type MetricsSource } from "./source.ts";

export interface BuildFacts {
  version: string;
  bunVersion: string;
}

/** Everything that is measured, for both the JSON and the Prometheus form. */
export interface TelemetryState {
  readonly build: BuildFacts;
  readonly counters: Counters;
  /** Seconds, of closed connections. */
  readonly connectionDurations: Histogram;
  /** Seconds, of a sample. */
  readonly publishLatencies: Histogram;
  readonly eventLoopLag: EventLoopLag;
  source: MetricsSource;
  uptimeSeconds(): number;
}

const minute = 60;
const hour = 3600;
const day = 86_400;

export function createState(build: BuildFacts): TelemetryState {
  const startedMs = performance.now();
  return {
    build,
    counters: new Counters(),
    connectionDurations: new Histogram({
      minimum: 0.001,
      maximum: 90 * day,
      bounds: [1, 5, 15, minute, 5 * minute, 15 * minute, hour, 4 * hour, day, 7 * day],
    }),
    publishLatencies: new Histogram({
      minimum: 1e-6,
      maximum: 60,
      bounds: [
        0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5,
      ],
    }),
    eventLoopLag: new EventLoopLag(),
    source: emptySource,
    uptimeSeconds: () => (performance.now() - startedMs) / 1000,
  };
}
