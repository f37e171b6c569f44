import type { MaybePromise } from "../core/maybe-promise.ts";
import type { HttpMetrics } from "../http/context.ts";
import { combineSnapshots, type MetricsSnapshot, type Telemetry } from "../telemetry/telemetry.ts";
import type { Collected, WorkerReport, WorkerState } from "./worker/messages.ts";

/**
 * The metrics of the whole server: whichever worker is asked, it says what all of them say together. `collect` asks
 * them all; null: this process is the server.
 */
export function createServerMetrics(
  telemetry: Telemetry,
  report: () => WorkerReport,
  collect: (() => Promise<Collected>) | null,
): HttpMetrics {
  const collectNow = (): MaybePromise<Collected> => (collect === null ? alone(report()) : collect());
  const jsonOf = (collected: Collected) => ({
    ...telemetry.toJson(combine(collected)),
    workers: collected.workers.map(describe),
  });
  return {
    toJson() {
      const collected = collectNow();
      return collected instanceof Promise ? collected.then(jsonOf) : jsonOf(collected);
    },
    async toPrometheus(openMetrics) {
      return telemetry.toPrometheus(openMetrics, combine(await collectNow()));
    },
  };
}

function alone(report: WorkerReport): Collected {
  return { workers: [{ worker: 1, pid: process.pid, report, answered: true }], ended: {} };
}

function combine({ workers, ended }: Collected): MetricsSnapshot {
  const snapshots = workers.flatMap(({ report, answered }) => {
    if (report === null) return [];
    if (answered) return [report.metrics];
    return [{ ...report.metrics, readings: { ...report.metrics.readings, fanfare_workers: 0 } }];
  });
  return combineSnapshots(snapshots, ended);
}

function describe({ worker, pid, report, answered }: WorkerState): object {
  if (report === null) return { worker, pid, answered };
  const { node, version, started_at, connections, subscriptions, draining } = report.facts;
  return { worker, pid, answered, node, version, started_at, connections, subscriptions, draining };
}
