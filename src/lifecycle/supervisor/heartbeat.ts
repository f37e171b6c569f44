import type { Log } from "../../telemetry/log.ts";
import type { WorkerProcess } from "./worker-process.ts";

const defaultEveryMs = 5000;
/** Signs of life that may be missing in a row: 30 s. Counted, not timed, so that a machine may sleep. */
const unansweredMax = 6;

/** Ends workers whose event loop stands still: their clients find another only when they are gone. */
export function watchHeartbeats(
  workers: () => Iterable<WorkerProcess>,
  log: Log,
  everyMs = defaultEveryMs,
): NodeJS.Timeout {
  return setInterval(() => {
    for (const worker of workers()) {
      if (worker.ping() < unansweredMax) continue;
      const fields = { worker: worker.number, worker_pid: worker.pid };
      log.error(fields, "worker does not answer for half a minute: killing it");
      worker.signal("SIGKILL");
    }
  }, everyMs);
}
