import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "fanfare-no-logs-"));
let server: SpawnedServer | undefined;

afterEach(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("LOG_DIR=none logs to standard output alone, as containers want it, without a warning", async () => {
  server = await spawnServer({ cwd: folder, env: { LOG_DIR: "none" } });
  await server.waitForLog(/"msg":"listening"/);
  expect(existsSync(join(folder, "logs"))).toBe(false);
  expect(existsSync(join(folder, "none"))).toBe(false);
  expect(server.lines.some((line) => line.includes("log files"))).toBe(false);
});
