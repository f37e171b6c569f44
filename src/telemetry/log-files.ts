import { appendFileSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { LineDestination } from "./line-writer.ts";

/** Readable by the owner and the group: log lines may hold addresses and user ids. */
const fileMode = 0o640;

export interface LogFileOptions {
  directory: string;
  name: string;
  /** The file is put aside once it has this many bytes; 0 is never. */
  rotationBytes: number;
  /** After a file has been put aside. */
  onRotation: () => void;
}

/** Makes the folder where needed; throws the system's error if a file in it cannot be appended to. */
export function assertWritable(directory: string, names: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  for (const name of names) closeSync(openSync(join(directory, name), "a", fileMode));
}

/** A file that rotates by size. It is opened at once; after a failure the next write opens it anew. */
export function rotatingFile(options: LogFileOptions): LineDestination {
  const { directory, name } = options;
  let stream = openRotating(options);
  const opened = new Promise<void>((resolve) => {
    stream.once("open", () => resolve());
    stream.once("close", resolve);
  });
  return {
    opened,
    write(text) {
      if (stream.destroyed) stream = openRotating(options);
      return new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      });
    },
    writeSync(text) {
      appendFileSync(join(directory, name), text, { mode: fileMode });
    },
    async close() {
      if (stream.destroyed) return;
      await new Promise<void>((resolve) => {
        stream.once("close", resolve);
        stream.end();
      });
    },
  };
}

function openRotating({ directory, name, rotationBytes, onRotation }: LogFileOptions): RotatingFileStream {
  const stream = createStream((time, index) => (time ? rotatedName(name, time, index) : name), {
    path: directory,
    mode: fileMode,
    ...(rotationBytes > 0 ? { size: `${Math.ceil(rotationBytes)}B` as const } : {}),
  });
  // The write that failed has told its caller; without a listener the event would end the process.
  stream.on("error", () => {});
  stream.on("rotated", onRotation);
  return stream;
}

/** `server.log` becomes `server.20251121T101500123Z.4711-1.log`: by name in order of time, unique among processes. */
function rotatedName(name: string, time: number | Date, index = 1): string {
  const stamp = new Date(time).toISOString().replace(/[-:.]/g, "");
  return name.replace(/\.log$/, `.${stamp}.${process.pid}-${index}.log`);
}

/** Whether the file was put aside by the rotation of `name`: nothing else is ever deleted. */
export function isRotated(file: string, name: string): boolean {
  const stem = name.replace(/\.log$/, ".");
  return file.startsWith(stem) && /^\d{8}T\d{9}Z\.\d+-\d+\.log$/.test(file.slice(stem.length));
}
