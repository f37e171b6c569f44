import type { ErrorCode } from "../core/errors.ts";
import type { AbnormalCloseReason, CountedCommand, RefusalReason, TransportName } from "./counters.ts";
import type { LagSummary } from "./event-loop-lag.ts";
import type { HistogramSummary } from "./histogram.ts";
import { type Counts, sumCounts } from "./labelled-counter.ts";
import { type ProcessFacts, readProcessFacts } from "./process-facts.ts";
import type { MetricsSource } from "./source.ts";
import type { TelemetryState } from "./state.ts";

/** Counts by known names; everything else under `other`. */
type BoundedCounts<Label extends string> = Counts<Label | "other">;

/** What `GET /metrics` answers. Counts are since the start of the process; quantiles are within 4.5 %. */
export interface MetricsJson {
  /** Connections open now, WebSocket and SSE together. */
  active_connections: number;
  /** Connections accepted. */
  total_connections: number;
  /** Publications handed to subscribers, one for each subscriber. */
  messages_sent: number;
  /** WebSocket frames, and publications over REST. */
  messages_received: number;
  uptime_seconds: number;
  /** Errors answered, as a share of all WebSocket frames and HTTP requests; 0 while there are none. */
  error_rate: number;
  /** Seconds, of connections that have closed. */
  connection_duration: HistogramSummary;
  connections: {
    active: Counts<TransportName>;
    opened: Counts<TransportName>;
    closed: Counts<TransportName>;
    refused: BoundedCounts<RefusalReason>;
    evicted: BoundedCounts<string>;
    /** WebSockets by close code. */
    close_codes: BoundedCounts<string>;
    /** WebSockets that ended without a close frame (1006). */
    abnormal_closes: BoundedCounts<AbnormalCloseReason>;
  };
  subscriptions: number;
  topics: number;
  publications: {
    /** By where they came in. */
    received: Counts<"websocket" | "rest" | "server">;
    /** With `store: false`. */
    unstored: number;
    /** Publishes whose key was known already. */
    repeated: number;
    /** Sent again on resume. */
    replayed: number;
  };
  deliveries: Counts<TransportName>;
  bytes_sent: Counts<TransportName>;
  bytes_received: number;
  frames_received: number;
  requests_received: number;
  commands: BoundedCounts<CountedCommand>;
  errors: BoundedCounts<ErrorCode>;
  resumes: { recovered: number; not_recovered: number };
  history: { reads: number; ring_bytes: number };
  /** What came from Redis, of topics that this node follows. */
  relay: { received: number; duplicates: number; healed: number; breaks: number; invalid: number };
  /** From a publish's arrival to its answer, of a sample. */
  publish_latency_seconds: HistogramSummary;
  /** Over the last minute. */
  event_loop_lag_seconds: LagSummary;
  /** What is done about too much load, and what it comes from. */
  load: { level: string; cause: string | null };
  process: ProcessFacts;
}

export function metricsToJson(state: TelemetryState): MetricsJson {
  const { counters, source } = state;
  const active = source.connections();
  const errors = counters.errors.read();
  const asked = counters.framesReceived + counters.requestsReceived;
  return {
    active_connections: sumCounts(active),
    total_connections: sumCounts(counters.connectionsOpened),
    messages_sent: sumCounts(counters.deliveries),
    messages_received: counters.framesReceived + counters.publications.rest,
    uptime_seconds: state.uptimeSeconds(),
    error_rate: asked === 0 ? 0 : sumCounts(errors) / asked,
    connection_duration: state.connectionDurations.summary(),
    connections: {
      active,
      opened: { ...counters.connectionsOpened },
      closed: { ...counters.connectionsClosed },
      refused: counters.connectionsRefused.read(),
      evicted: counters.evictions.read(),
      close_codes: counters.websocketCloses.read(),
      abnormal_closes: counters.websocketAbnormalCloses.read(),
    },
    subscriptions: source.subscriptions(),
    topics: source.topics(),
    publications: {
      received: { ...counters.publications },
      unstored: counters.publicationsUnstored,
      repeated: counters.publicationsRepeated,
      replayed: counters.publicationsReplayed,
    },
    deliveries: { ...counters.deliveries },
    bytes_sent: { ...counters.bytesSent },
    bytes_received: counters.bytesReceived,
    frames_received: counters.framesReceived,
    requests_received: counters.requestsReceived,
    commands: counters.commands.read(),
    errors,
    resumes: { recovered: counters.resumesRecovered, not_recovered: counters.resumesNotRecovered },
    history: { reads: counters.historyReads, ring_bytes: source.ringBytes() },
    relay: { ...counters.relay },
    publish_latency_seconds: state.publishLatencies.summary(),
    event_loop_lag_seconds: state.eventLoopLag.summary(),
    load: loadOf(source),
    process: readProcessFacts(),
  };
}

function loadOf(source: MetricsSource): MetricsJson["load"] {
  const { level, cause } = source.load();
  return { level, cause };
}
