import { LineWriter } from "./line-writer.ts";
import { type FileOutputs, openFileOutputs } from "./log-file-outputs.ts";
import { formatJson, formatText } from "./log-format.ts";
import { logLevels } from "./log-level.ts";
import type { LogOutputsOptions, ReportLogEvent } from "./log-options.ts";
import { isReaderGone, standardOutput } from "./standard-output.ts";

export interface LogOutputs {
  streams: { level: number; stream: { write(line: string): void } }[];
  problem: FileOutputs["problem"];
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function openOutputs(options: LogOutputsOptions, report: ReportLogEvent): LogOutputs {
  const standard = openStandardOutput(options, report);
  const files = openFileOutputs(options, report);
  const writers = [standard, ...files.outputs.map(({ writer }) => writer)];
  const isText = options.format === "text";
  const colours = options.colours ?? (process.stdout.isTTY === true && !process.env.NO_COLOR);
  const release = writeRemaindersAtExit(writers);
  return {
    streams: [
      { level: logLevels.trace, stream: isText ? asText(standard, colours) : asJson(standard) },
      ...files.outputs.map(({ rank, writer }) => ({
        level: rank,
        stream: isText ? asText(writer, false) : asJson(writer),
      })),
    ],
    problem: files.problem,
    async flush() {
      await Promise.all(writers.map((writer) => writer.flush()));
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()));
      await files.stop();
      release();
    },
  };
}

/** A pipe does not mix up what several processes write, up to 4096 bytes at once; a character is 3 at most. */
const sharedBatchCharacters = 1365;

function openStandardOutput(
  { output, retryMs, worker }: LogOutputsOptions,
  report: ReportLogEvent,
): LineWriter {
  return new LineWriter({
    destination: output ?? standardOutput(),
    isFinal: isReaderGone,
    ...(worker === undefined ? {} : { batchCharacters: sharedBatchCharacters }),
    ...(retryMs === undefined ? {} : { retryMs }),
    onFailure: (error) => report("warning", { error }, "cannot write log lines to standard output"),
    onLoss: (lines) => report("warning", { lines }, "log lines to standard output were lost"),
  });
}

function asText(writer: LineWriter, colours: boolean) {
  return { write: (line: string) => writer.write(formatText(line, colours)) };
}

function asJson(writer: LineWriter) {
  return { write: (line: string) => writer.write(formatJson(line)) };
}

const openWriters = new Set<LineWriter>();

function writeRemainders(): void {
  for (const writer of openWriters) writer.writeRemainderSync();
}

/** The last lines before an exit are those that say why. @returns takes the writers out again */
function writeRemaindersAtExit(writers: readonly LineWriter[]): () => void {
  if (openWriters.size === 0) process.on("exit", writeRemainders);
  for (const writer of writers) openWriters.add(writer);
  return () => {
    for (const writer of writers) openWriters.delete(writer);
    if (openWriters.size === 0) process.off("exit", writeRemainders);
  };
}
