import { evictionLabel } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { OnRefused } from "../transport/admission.ts";
import type { ConnectionEvents, Ended } from "../transport/connection-events.ts";

/** Counts connections as they come and go, and writes one line for each. */
export function connectionLog(log: Log, telemetry: Telemetry): ConnectionEvents {
  return {
    opened(transport, connectionId, userId) {
      telemetry.connectionOpened(transport);
      if (!log.isEnabled("debug")) return;
      log.debug({ connection_id: connectionId, transport, user_id: userId }, "connection opened");
    },
    ended(ended) {
      telemetry.connectionEnded(ended);
      logEnd(log, ended);
    },
  };
}

/** Counts connections that were not accepted, and writes one line for each. */
export function refusalLog(log: Log, telemetry: Telemetry): OnRefused {
  return (reason, { code }) => {
    telemetry.counters.connectionsRefused.add(reason);
    log.debug({ reason, code }, "connection refused");
  };
}

/** Every client leaves some day, and tokens expire. */
const usualEnds: ReadonlySet<string> = new Set(["drained", "unauthorized"]);

function logEnd(log: Log, ended: Ended): void {
  const unusual = ended.evictedFor !== null && !usualEnds.has(ended.evictedFor);
  if (!unusual && !log.isEnabled("debug")) return;
  const fields = {
    connection_id: ended.connectionId,
    transport: ended.transport,
    user_id: ended.userId,
    code: ended.code,
    duration_ms: Math.round(ended.durationMs),
    ...(ended.reason === "" ? {} : { reason: ended.reason }),
    ...(ended.evictedFor === null ? {} : { evicted_for: evictionLabel(ended.evictedFor) }),
  };
  if (unusual) log.info(fields, "connection ended by this server");
  else log.debug(fields, "connection closed");
}
