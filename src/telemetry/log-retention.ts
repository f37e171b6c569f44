import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isRotated } from "./log-files.ts";

export interface RetentionOptions {
  directory: string;
  /** The log's own name; what its rotation has put aside is found by it. */
  name: string;
  /** Age, since its last line, at which a rotated file is deleted; 0 is never. */
  retentionMs: number;
  /** Bytes of all rotated files of this log together, above which the oldest go; 0 is no limit. */
  retainedBytesMax: number;
}

/** Deletes the rotated files that are too old or too many. Files that vanish meanwhile are no failure. */
export async function deleteExpiredFiles(options: RetentionOptions, nowMs: number): Promise<void> {
  const { directory, name, retentionMs, retainedBytesMax } = options;
  const names = (await readdir(directory)).filter((file) => isRotated(file, name));
  const files = await Promise.all(names.map((file) => describe(join(directory, file))));
  const newestFirst = files.filter((file) => file !== null).sort((a, b) => b.modifiedMs - a.modifiedMs);
  let retainedBytes = 0;
  for (const { path, bytes, modifiedMs } of newestFirst) {
    retainedBytes += bytes;
    const isTooOld = retentionMs > 0 && nowMs - modifiedMs > retentionMs;
    const isTooMuch = retainedBytesMax > 0 && retainedBytes > retainedBytesMax;
    if (isTooOld || isTooMuch) await unlink(path).catch(ignoreMissing);
  }
}

async function describe(path: string) {
  const stats = await stat(path).catch(ignoreMissing);
  return stats ? { path, bytes: stats.size, modifiedMs: stats.mtimeMs } : null;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
