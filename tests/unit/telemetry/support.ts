import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LineDestination } from "../../../src/telemetry/line-writer.ts";

/** A destination in memory that can be made to fail or to hang. */
export class MemoryDestination implements LineDestination {
  readonly writes: string[] = [];
  failure: Error | null = null;
  blocked: Promise<void> | null = null;
  isClosed = false;

  async write(text: string): Promise<void> {
    if (this.blocked !== null) await this.blocked;
    if (this.failure !== null) throw this.failure;
    this.writes.push(text);
  }

  writeSync(text: string): void {
    this.writes.push(text);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  get text(): string {
    return this.writes.join("");
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }
}

export async function inTemporaryFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-log-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function waitUntil(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 4000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(5);
  }
}
