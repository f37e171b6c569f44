import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

const root = new URL("../..", import.meta.url).pathname;

let folder: string;
let server: SpawnedServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-reload-"));
  for (const name of ["src", "package.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});

afterEach(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Changes a source file, and waits until the server has started anew. */
async function change(spawned: SpawnedServer): Promise<void> {
  const starts = () => spawned.lines.filter((line) => line.includes("listening")).length;
  const before = starts();
  appendFileSync(join(folder, "src/main.ts"), "\n// changed\n");
  await until(() => starts() > before, 10_000, "another start");
}

async function expectService(url: string): Promise<void> {
  const client = await WebSocketClient.welcomed(url);
  client.send("hello");
  expect((await client.next("echo")).message).toBe("hello");
  await client.close();
}

test.each([
  ["--hot", ["--hot"], []],
  ["--watch", ["--watch", "--no-clear-screen"], []],
  ["--dev, which watches by itself", [], ["--dev"]],
])(
  "under %s a change starts it anew, and one signal still stops it once",
  async (_name, bunFlags, args) => {
    const port = await freePort();
    server = await spawnServer({
      root: folder,
      bunFlags,
      args,
      env: { PORT: String(port), LOG_FORMAT: "json" },
    });
    for (let count = 0; count < 3; count++) await change(server);
    await expectService(server.url);
    server.process.kill("SIGTERM");
    expect(await server.process.exited).toBe(0);
    expect(server.lines.filter((line) => line.includes('"stop signal"'))).toHaveLength(1);
  },
  40_000,
);

async function freePort(): Promise<number> {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = probe;
  await probe.stop(true);
  return port ?? 0;
}
