import { LineWriter } from "./line-writer.ts";
import type { LogFields } from "./log-fields.ts";
import { assertWritable, rotatingFile } from "./log-files.ts";
import { logLevels } from "./log-level.ts";
import type { LogOutputsOptions, ReportLogEvent } from "./log-options.ts";
import { deleteExpiredFiles } from "./log-retention.ts";

/** Every line of the level in force, and those of ERROR and above once more. */
const logFiles = [
  { name: "websocket_server.log", rank: logLevels.trace },
  { name: "errors.log", rank: logLevels.error },
];

const retentionIntervalMs = 3_600_000;
/** Rotated files of one log that the default limit of their bytes allows. */
const retainedFiles = 20;

export interface FileOutputs {
  /** Each with the least rank of the lines that it takes. */
  outputs: { rank: number; writer: LineWriter }[];
  /** Why there are no files although a folder was given. */
  problem: { fields: LogFields; message: string } | null;
  stop(): Promise<void>;
}

export function openFileOutputs(options: LogOutputsOptions, report: ReportLogEvent): FileOutputs {
  const { directory, worker } = options;
  const files = logFiles.map(({ name, rank }) => ({ name: nameFor(name, worker), rank }));
  if (!directory) return { outputs: [], problem: null, stop: async () => {} };
  try {
    assertWritable(
      directory,
      files.map(({ name }) => name),
    );
  } catch (error) {
    const remedy = "make LOG_DIR a folder that this user may write to";
    const message = `cannot write log files: standard output goes on alone; ${remedy}`;
    const { message: reason } = error as Error;
    return { outputs: [], problem: { fields: { directory, reason }, message }, stop: async () => {} };
  }
  const names = files.map(({ name }) => name);
  const retention = startRetention(directory, names, options, report);
  return {
    outputs: files.map(({ name, rank }) => ({
      rank,
      writer: openFile(directory, name, options, retention.run, report),
    })),
    problem: null,
    stop: retention.stop,
  };
}

/** `errors.2.log` for the second of several processes. */
function nameFor(name: string, worker: number | undefined): string {
  return worker === undefined ? name : name.replace(/\.log$/, `.${worker}.log`);
}

function openFile(
  directory: string,
  name: string,
  { rotationBytes, retryMs }: LogOutputsOptions,
  onRotation: () => void,
  report: ReportLogEvent,
): LineWriter {
  const file = `${directory}/${name}`;
  return new LineWriter({
    destination: rotatingFile({ directory, name, rotationBytes, onRotation }),
    // A file exceeds its size by one batch at most.
    ...(rotationBytes > 0 ? { batchCharacters: Math.min(64 * 1024, rotationBytes / 8) } : {}),
    ...(retryMs === undefined ? {} : { retryMs }),
    onFailure: (error) => {
      report("warning", { file, error }, "cannot write a log file: see to the disk; it is tried again");
    },
    onLoss: (lines) => report("warning", { file, lines }, "log lines to a file were lost"),
  });
}

function startRetention(
  directory: string,
  names: readonly string[],
  options: LogOutputsOptions,
  report: ReportLogEvent,
) {
  const { retentionMs, retainedBytesMax = retainedFiles * options.rotationBytes } = options;
  const deleteExpired = async () => {
    for (const name of names) {
      await deleteExpiredFiles({ directory, name, retentionMs, retainedBytesMax }, Date.now());
    }
  };
  let running = Promise.resolve();
  const run = () => {
    running = running.then(deleteExpired).catch((error: unknown) => {
      report("warning", { directory, error }, "cannot delete old log files: delete them by hand");
    });
  };
  run();
  const timer = setInterval(run, retentionIntervalMs);
  timer.unref();
  const stop = () => {
    clearInterval(timer);
    return running;
  };
  return { run, stop };
}
