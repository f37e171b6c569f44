import type { NodeFacts } from "../../cluster/node-facts.ts";
import type { Readings } from "../../telemetry/readings.ts";
import type { MetricsSnapshot } from "../../telemetry/telemetry.ts";

/** What a worker is and has counted, at one moment. */
export interface WorkerReport {
  readonly facts: Pick<
    NodeFacts,
    "node" | "version" | "pid" | "started_at" | "connections" | "subscriptions" | "draining"
  >;
  readonly metrics: MetricsSnapshot;
}

/** A worker as the others know it. */
export interface WorkerState {
  readonly worker: number;
  readonly pid: number;
  /** What it last said; null: nothing yet. */
  readonly report: WorkerReport | null;
  /** Whether it said so just now; else it is starting, busy or gone. */
  readonly answered: boolean;
}

/** What all workers say together. */
export interface Collected {
  readonly workers: readonly WorkerState[];
  /** What workers counted that have ended. */
  readonly ended: Readings;
}

/** What the supervisor tells a worker. */
export type Order =
  /** Let the clients go and end; `handOver`: others go on listening on the port. */
  | { readonly type: "drain"; readonly handOver: boolean }
  /** Do not wait for clients any longer. */
  | { readonly type: "force" }
  | { readonly type: "ping" }
  /** Say what you are and have counted. */
  | { readonly type: "report" }
  /** The answer to `collect`. */
  | { readonly type: "collected"; readonly question: number; readonly collected: Collected };

/** What a worker tells the supervisor. */
export type Notice =
  /** It takes connections. Its broker answered before, or did not for so long that it is not waited for. */
  | { readonly type: "ready"; readonly brokerAnswers: boolean }
  /** Somebody else told it to end: it waits for the supervisor's word. */
  | { readonly type: "asked_to_end" }
  | { readonly type: "pong" }
  | { readonly type: "report"; readonly report: WorkerReport }
  | { readonly type: "collect"; readonly question: number };

/** Processes of another version may send what is not known here, which means nothing then. */
export function isMessage(value: unknown): value is { readonly type: string } {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
