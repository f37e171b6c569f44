import pino from "pino";
import { type LogFields, plainFields } from "./log-fields.ts";
import { type LogLevel, logLevels } from "./log-level.ts";
import type { LogOutputsOptions } from "./log-options.ts";
import { type LogOutputs, openOutputs } from "./log-outputs.ts";
import { redactText } from "./redact.ts";

export interface LogOptions extends LogOutputsOptions {
  /** The least important level that is written. */
  level: LogLevel;
  /** Stands in every line beside the process id, the node's id for example. */
  base?: LogFields;
}

/**
 * A structured log. Fields may hold anything: errors are written with type, message, stack and cause, secrets
 * are redacted, sizes are bounded. A call never throws and never waits.
 */
export interface Log {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warning(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  critical(fields: LogFields, message: string): void;
  /** A log that adds these fields to every line and shares everything else with this one. */
  child(fields: LogFields): Log;
  /** For hot paths: whether to build the fields at all. */
  isEnabled(level: LogLevel): boolean;
  /** Resolves when what was logged is written, at the latest after some seconds. */
  flush(): Promise<void>;
  /** Flushes and closes this log and its children; later lines are dropped. */
  close(): Promise<void>;
}

/** The logger's own members; fields of these names get a `_` at the end, so that they cannot pass for them. */
const ownNames = ["level", "time", "msg", "pid"];

/**
 * Logs to standard output and, given a folder, to files in it. JSON lines have `level` in upper case, `time`
 * (ISO 8601, UTC), `pid`, the base and other fields, and `msg`. Where the folder cannot be written to, one
 * warning says so and standard output goes on alone.
 */
export function createLog(options: LogOptions): Log {
  const base = { pid: process.pid, ...plainFields(options.base ?? {}) };
  const outputs = openOutputs(options, (level, fields, message) => log[level](fields, message));
  const logger = pino(
    {
      level: options.level,
      customLevels: logLevels,
      useOnlyCustomLevels: true,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name.toUpperCase() }) },
    },
    pino.multistream(outputs.streams, { levels: logLevels }),
  );
  const reserved: ReadonlySet<string> = new Set([...ownNames, ...Object.keys(base)]);
  const log = new StructuredLog({ logger, outputs, reserved, rank: logLevels[options.level] }, {});
  if (outputs.problem) log.warning(outputs.problem.fields, outputs.problem.message);
  return log;
}

interface SharedParts {
  logger: pino.Logger<LogLevel, true>;
  outputs: LogOutputs;
  reserved: ReadonlySet<string>;
  rank: number;
}

class StructuredLog implements Log {
  readonly #shared: SharedParts;
  readonly #bindings: Record<string, unknown>;

  constructor(shared: SharedParts, bindings: Record<string, unknown>) {
    this.#shared = shared;
    this.#bindings = bindings;
  }

  trace(fields: LogFields, message: string): void {
    this.#write("trace", fields, message);
  }

  debug(fields: LogFields, message: string): void {
    this.#write("debug", fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write("info", fields, message);
  }

  warning(fields: LogFields, message: string): void {
    this.#write("warning", fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write("error", fields, message);
  }

  critical(fields: LogFields, message: string): void {
    this.#write("critical", fields, message);
  }

  child(fields: LogFields): Log {
    return new StructuredLog(this.#shared, this.#merge(fields));
  }

  isEnabled(level: LogLevel): boolean {
    return logLevels[level] >= this.#shared.rank;
  }

  flush(): Promise<void> {
    return this.#shared.outputs.flush();
  }

  close(): Promise<void> {
    return this.#shared.outputs.close();
  }

  #write(level: LogLevel, fields: LogFields, message: string): void {
    if (!this.isEnabled(level)) return;
    this.#shared.logger[level](this.#merge(fields), redactText(message));
  }

  #merge(fields: LogFields): Record<string, unknown> {
    const merged = { ...this.#bindings };
    for (const [name, value] of Object.entries(plainFields(fields))) {
      merged[this.#shared.reserved.has(name) ? `${name}_` : name] = value;
    }
    return merged;
  }
}
