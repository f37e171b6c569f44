import type { LineDestination } from "./line-writer.ts";
import type { LogFields } from "./log-fields.ts";

export interface LogOutputsOptions {
  format: "json" | "text";
  /** Folder of `websocket_server.log` and `errors.log`; without it, standard output alone. */
  directory?: string | null;
  /**
   * Number of the process among several that write at the same time: its files are `websocket_server.1.log` and
   * `errors.1.log`, and standard output gets no more at once than a pipe takes whole.
   */
  worker?: number;
  /** Size at which a file is put aside, in bytes; 0 is never. */
  rotationBytes: number;
  /** Age at which files that were put aside are deleted; 0 is never. */
  retentionMs: number;
  /** Bytes of one log's files put aside, above which the oldest go. Default 20 times `rotationBytes`; 0 is no limit. */
  retainedBytesMax?: number;
  /** ANSI colours on standard output in text format. Default: if it is a terminal and NO_COLOR is unset. */
  colours?: boolean;
  /** Takes the place of standard output. */
  output?: LineDestination;
  /** Pause before an output that failed is tried again. Default 30 s. */
  retryMs?: number;
}

/** What an output has to say about itself, for the log's other outputs to carry. */
export type ReportLogEvent = (level: "info" | "warning", fields: LogFields, message: string) => void;
