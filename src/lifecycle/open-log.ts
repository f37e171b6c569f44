import type { Config } from "../config/index.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import type { LogFields } from "../telemetry/log-fields.ts";

/**
 * The log as the settings say. Of several processes that write at once each has files of its own, by its number:
 * in one file they would put each other's lines aside.
 */
export function openLog(config: Config, base: LogFields, worker: number | null = null): Log {
  return createLog({
    level: config.logLevel,
    format: config.logFormat,
    directory: config.logDir === "none" ? null : config.logDir,
    ...(worker === null ? {} : { worker }),
    rotationBytes: config.logRotationBytes,
    retentionMs: config.logRetentionMs,
    base: worker === null ? base : { ...base, worker },
  });
}
