import { write, writeSync } from "node:fs";
import type { LineDestination } from "./line-writer.ts";

const retryMs = 20;
/** Tries of the last, synchronous write before its reader counts as gone. */
const syncTries = 50;

/**
 * Standard output by plain writes to its descriptor. A pipe that another process has made non-blocking
 * answers EAGAIN while it is full: the rest is then written a little later.
 */
export function standardOutput(fileDescriptor = 1): LineDestination {
  return {
    async write(text) {
      let rest = Buffer.from(text);
      while (rest.length > 0) {
        const written = await writeSome(fileDescriptor, rest);
        if (written === 0) await Bun.sleep(retryMs);
        rest = rest.subarray(written);
      }
    },
    writeSync(text) {
      let rest = Buffer.from(text);
      for (let tries = 0; rest.length > 0 && tries < syncTries; ) {
        const written = writeSomeSync(fileDescriptor, rest);
        if (written === 0) {
          tries++;
          Bun.sleepSync(retryMs);
        }
        rest = rest.subarray(written);
      }
    },
    async close() {},
  };
}

/** Nobody reads any more, nor will anybody begin to. */
export function isReaderGone(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "EPIPE";
}

function writeSome(fileDescriptor: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fileDescriptor, bytes, (error, written) => {
      if (error === null || error === undefined) resolve(written);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}

function writeSomeSync(fileDescriptor: number, bytes: Buffer): number {
  try {
    return writeSync(fileDescriptor, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
