import type { Histogram } from "./histogram.ts";
import type { Counts } from "./labelled-counter.ts";
import type { ProcessFacts } from "./process-facts.ts";
import type { TelemetryState } from "./state.ts";

/** What one scrape reads; the process is asked once for all of its metrics. */
export interface Scrape extends TelemetryState {
  process: ProcessFacts;
}

/** A number, one for each value of a label, or null where the system does not tell. */
export type NumberReading = number | Counts<string> | null;

/** What several processes say together. */
export type Combination = "sum" | "mean" | "max" | "min";

export interface NumberMetric {
  type: "counter" | "gauge";
  name: string;
  help: string;
  /** Name of the label, where there is one. */
  label?: string;
  /** Of several processes; a sum if it is absent. */
  combination?: Combination;
  read: (scrape: Scrape) => NumberReading;
}

export interface HistogramMetric {
  type: "histogram";
  name: string;
  help: string;
  read: (scrape: Scrape) => Histogram;
}

/** Every metric of `GET /metrics/prometheus` but `fanfare_build_info`; names have their unit last. */
export const prometheusMetrics: readonly (NumberMetric | HistogramMetric)[] = [
  gauge("connections", "Connections open now", ({ source }) => source.connections(), "transport"),
  gauge("subscriptions", "Subscriptions now, of all connections", ({ source }) => source.subscriptions()),
  gauge("topics", "Topics known now", ({ source }) => source.topics()),
  gauge("history_ring_bytes", "Memory of all history rings together", ({ source }) => source.ringBytes()),

  counter("connections_opened_total", "Connections accepted", (c) => c.connectionsOpened, "transport"),
  counter("connections_closed_total", "Connections that have ended", (c) => c.connectionsClosed, "transport"),
  counter(
    "connections_refused_total",
    "Connections not accepted",
    (c) => c.connectionsRefused.read(),
    "reason",
  ),
  counter("evictions_total", "Connections that the server ended", (c) => c.evictions.read(), "reason"),
  counter("websocket_closes_total", "WebSockets that have closed", (c) => c.websocketCloses.read(), "code"),
  counter(
    "websocket_abnormal_closes_total",
    "WebSockets that ended without a close frame",
    (c) => c.websocketAbnormalCloses.read(),
    "reason",
  ),

  counter(
    "publications_total",
    "Publications accepted, by where they came in",
    (c) => c.publications,
    "origin",
  ),
  counter("publications_unstored_total", "Publications without a position", (c) => c.publicationsUnstored),
  counter("publications_replayed_total", "Publications sent again on resume", (c) => c.publicationsReplayed),
  counter("publications_repeated_total", "Publishes whose key was known", (c) => c.publicationsRepeated),
  counter("deliveries_total", "Publications handed to subscribers", (c) => c.deliveries, "transport"),
  counter("sent_bytes_total", "Payload bytes handed to connections", (c) => c.bytesSent, "transport"),
  counter("received_bytes_total", "Payload bytes of frames and bodies", (c) => c.bytesReceived),
  counter("frames_received_total", "WebSocket frames received", (c) => c.framesReceived),
  counter("http_requests_total", "HTTP requests received", (c) => c.requestsReceived),
  counter("commands_total", "Frames received, by type", (c) => c.commands.read(), "type"),
  counter("errors_total", "Errors answered, on every transport", (c) => c.errors.read(), "code"),
  counter(
    "resumes_total",
    "Subscriptions that asked to resume",
    (c) => ({ true: c.resumesRecovered, false: c.resumesNotRecovered }),
    "recovered",
  ),
  counter("history_reads_total", "Answers from history", (c) => c.historyReads),
  {
    ...gauge("broker_connected", "1: the broker can do its work; 0: Redis is out of reach", ({ source }) =>
      source.isBrokerConnected() ? 1 : 0,
    ),
    combination: "min",
  },
  counter("relay_total", "What came from Redis, by what became of it", (c) => c.relay, "result"),

  {
    type: "histogram",
    name: "fanfare_connection_duration_seconds",
    help: "How long closed connections had been open",
    read: ({ connectionDurations }) => connectionDurations,
  },
  {
    type: "histogram",
    name: "fanfare_publish_duration_seconds",
    help: "From a publish's arrival to its answer, of a sample",
    read: ({ publishLatencies }) => publishLatencies,
  },

  lag("mean", "Mean lateness of timers over the last minute"),
  lag("p99", "Lateness that 99 % of timers did not exceed over the last minute"),
  lag("max", "Greatest lateness of a timer over the last minute"),

  {
    ...gauge(
      "load_level",
      "Load that is shed: 0 none, 1 connections, 2 publications too, 3 connections are closed",
      ({ source }) => source.load().rank,
    ),
    combination: "max",
  },
  {
    ...gauge("uptime_seconds", "Time since the server started", (scrape) => scrape.uptimeSeconds()),
    combination: "max",
  },
  gauge("workers", "Server processes that answered", () => 1),
  counter("worker_restarts_total", "Server processes that died and were started again", () => 0),
  ofProcess("counter", "cpu_user_seconds_total", "Processor time in user mode", (p) => p.cpu_user_seconds),
  ofProcess(
    "counter",
    "cpu_system_seconds_total",
    "Processor time in system mode",
    (p) => p.cpu_system_seconds,
  ),
  ofProcess("gauge", "resident_memory_bytes", "Resident memory", (p) => p.resident_memory_bytes),
  ofProcess("gauge", "heap_bytes", "JavaScript heap, as of the last collection", (p) => p.heap_bytes),
  ofProcess("gauge", "open_fds", "Open file descriptors", (p) => p.open_files),
  ofProcess("gauge", "max_fds", "File descriptors that there may be", (p) => p.open_files_limit),
];

function counter(
  name: string,
  help: string,
  read: (counters: Scrape["counters"]) => NumberReading,
  label?: string,
): NumberMetric {
  const metric: NumberMetric = {
    type: "counter",
    name: `fanfare_${name}`,
    help,
    read: (scrape) => read(scrape.counters),
  };
  return label === undefined ? metric : { ...metric, label };
}

function gauge(
  name: string,
  help: string,
  read: (scrape: Scrape) => NumberReading,
  label?: string,
): NumberMetric {
  const metric: NumberMetric = { type: "gauge", name: `fanfare_${name}`, help, read };
  return label === undefined ? metric : { ...metric, label };
}

function lag(statistic: "mean" | "p99" | "max", help: string): NumberMetric {
  const name = `event_loop_lag_${statistic}_seconds`;
  return {
    ...gauge(name, help, (scrape) => scrape.eventLoopLag.summary()[statistic]),
    combination: statistic === "mean" ? "mean" : "max",
  };
}

function ofProcess(
  type: NumberMetric["type"],
  name: string,
  help: string,
  read: (facts: ProcessFacts) => number | null,
): NumberMetric {
  return { type, name: `fanfare_process_${name}`, help, read: (scrape) => read(scrape.process) };
}
