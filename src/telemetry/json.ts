import type { ErrorCode } from "../core/errors.ts";
import type { AbnormalCloseReason, CountedCommand, RefusalReason, TransportName } from "./counters.ts";
import type { LagSummary } from "./event-loop-lag.ts";
import { type HistogramReading, type HistogramSummary, summarise } from "./histogram.ts";
import { type Counts, sumCounts } from "./labelled-counter.ts";
import type { ProcessFacts } from "./process-facts.ts";
import type { Readings } from "./readings.ts";
import type { LoadState } from "./source.ts";

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

/** The JSON form of what the metrics say. */
export function metricsToJson(readings: Readings, { level, cause }: LoadState): MetricsJson {
  const number = (name: string) => readings[`fanfare_${name}`] as number;
  const known = (name: string) => readings[`fanfare_${name}`] as number | null;
  const counts = <Label extends string>(name: string) => readings[`fanfare_${name}`] as Counts<Label>;
  const histogram = (name: string) => summarise(readings[`fanfare_${name}`] as HistogramReading);
  const errors = counts<ErrorCode | "other">("errors_total");
  const received = counts<"websocket" | "rest" | "server">("publications_total");
  const asked = number("frames_received_total") + number("http_requests_total");
  const resumes = counts<"true" | "false">("resumes_total");
  return {
    active_connections: sumCounts(counts("connections")),
    total_connections: sumCounts(counts("connections_opened_total")),
    messages_sent: sumCounts(counts("deliveries_total")),
    messages_received: number("frames_received_total") + received.rest,
    uptime_seconds: number("uptime_seconds"),
    error_rate: asked === 0 ? 0 : sumCounts(errors) / asked,
    connection_duration: histogram("connection_duration_seconds"),
    connections: {
      active: { ...counts("connections") },
      opened: { ...counts("connections_opened_total") },
      closed: { ...counts("connections_closed_total") },
      refused: { ...counts("connections_refused_total") },
      evicted: { ...counts("evictions_total") },
      close_codes: { ...counts("websocket_closes_total") },
      abnormal_closes: { ...counts("websocket_abnormal_closes_total") },
    },
    subscriptions: number("subscriptions"),
    topics: number("topics"),
    publications: {
      received: { ...received },
      unstored: number("publications_unstored_total"),
      repeated: number("publications_repeated_total"),
      replayed: number("publications_replayed_total"),
    },
    deliveries: { ...counts("deliveries_total") },
    bytes_sent: { ...counts("sent_bytes_total") },
    bytes_received: number("received_bytes_total"),
    frames_received: number("frames_received_total"),
    requests_received: number("http_requests_total"),
    commands: { ...counts("commands_total") },
    errors: { ...errors },
    resumes: { recovered: resumes.true, not_recovered: resumes.false },
    history: { reads: number("history_reads_total"), ring_bytes: number("history_ring_bytes") },
    relay: { ...counts<keyof MetricsJson["relay"]>("relay_total") },
    publish_latency_seconds: histogram("publish_duration_seconds"),
    event_loop_lag_seconds: {
      mean: number("event_loop_lag_mean_seconds"),
      p99: number("event_loop_lag_p99_seconds"),
      max: number("event_loop_lag_max_seconds"),
    },
    load: { level, cause },
    process: {
      cpu_user_seconds: number("process_cpu_user_seconds_total"),
      cpu_system_seconds: number("process_cpu_system_seconds_total"),
      resident_memory_bytes: known("process_resident_memory_bytes"),
      heap_bytes: number("process_heap_bytes"),
      open_files: known("process_open_fds"),
      open_files_limit: known("process_max_fds"),
    },
  };
}
