import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

const main = new URL("../../../src/main.ts", import.meta.url).pathname;

let folder: string;
let server: SpawnedServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-s4-"));
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(args: string[], env: Record<string, string> = {}): Promise<SpawnedServer> {
  server = await spawnServer({ args, env, cwd: folder });
  return server;
}

/** Runs the program to its end, in the folder and with nothing in the environment. */
async function check(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { output, errors, code: await child.exited };
}

/** Said loudly where nobody has to prove who they are. */
const openMode = "open mode: no tokens or keys";

/** The environment of the README, but for the number of workers. */
const documentedEnvironment = `
# Server Configuration
HOST=0.0.0.0
PORT=8000
WORKERS=1

# WebSocket Configuration
PING_INTERVAL=30
PING_TIMEOUT=10
MAX_CONNECTIONS=1000

# Notification Configuration
NOTIFICATION_INTERVAL=10

# Shutdown Configuration
SHUTDOWN_TIMEOUT=1800

# Logging Configuration
LOG_LEVEL=INFO
LOG_FORMAT=json
LOG_ROTATION=100 MB
LOG_RETENTION=30 days

# Development Settings
DEBUG=false
RELOAD=false

# Monitoring
METRICS_ENABLED=true
HEALTH_CHECK_ENABLED=true
`;

test("--dev: text logs with DEBUG lines, documentation at /docs, this machine only", async () => {
  const { url, lines, waitForLog } = await start(["--dev"], { HOST: "" });
  expect(lines.join("\n")).toMatch(/^\S+Z INFO {5}listening url=http:\S+ host=127\.0\.0\.1 /m);
  expect(lines.join("\n")).toContain(openMode);
  const client = await WebSocketClient.welcomed(url);
  expect(await waitForLog(/DEBUG +connection opened/)).toContain(client.welcome.connection_id);
  await client.close();

  const page = await fetch(`${url}/docs`);
  expect(page.headers.get("content-type")).toStartWith("text/html");
  const { paths } = (await (await fetch(`${url}/docs/json`)).json()) as { paths: Record<string, object> };
  for (const path of ["/health", "/notify", "/metrics", "/metrics/prometheus", "/status"]) {
    expect(paths).toHaveProperty([path]);
  }
});

test("--prod: JSON logs, strict headers on every answer, and no periodic notification", async () => {
  const { url, lines } = await start(["--prod"], {
    AUTH: "open",
    NOTIFICATION_INTERVAL: "",
    MEMCACHED_HOST: "memcached",
    MEMCACHED_PORT: "11211",
  });
  for (const path of ["/", "/health", "/metrics", "/docs", "/nowhere", "/ws"]) {
    const { headers } = await fetch(url + path);
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  }
  const records = lines.map((line) => JSON.parse(line));
  expect(records.find(({ msg }) => msg === "listening")).toMatchObject({ level: "INFO", url });
  expect(
    records.filter(({ msg }) => msg.startsWith("MEMCACHED_HOST, MEMCACHED_PORT have no effect")),
  ).toEqual([expect.objectContaining({ level: "WARNING" })]);
  expect(lines.join("\n")).toContain(openMode);
  const { output } = await check(["--prod", "--check-config"], { AUTH: "open" });
  expect(output).toContain("NOTIFICATION_INTERVAL=0 (--prod)");
});

test("--host, --port, --workers and --log-level beat the environment, which beats .env", async () => {
  writeFileSync(join(folder, ".env"), "PORT=1\nLOG_LEVEL=CRITICAL\nLOG_FORMAT=text\nPING_INTERVAL=20\n");
  const args = ["--host", "127.0.0.1", "--port", "0", "--workers", "1", "--log-level", "info"];
  const environment = { HOST: "192.0.2.1", PORT: "2", WORKERS: "3", LOG_LEVEL: "ERROR", LOG_FORMAT: "json" };
  const started = await start(args, environment);
  const listening = JSON.parse(await started.waitForLog(/listening/));
  expect(listening).toMatchObject({ host: "127.0.0.1", url: started.url });
  const { welcome } = await WebSocketClient.welcomed(started.url);
  expect(welcome.ping_interval).toBe(20);
});

test("what is set explicitly wins over --prod", async () => {
  const { lines, url } = await start(["--prod"], {
    AUTH: "open",
    LOG_FORMAT: "text",
    NOTIFICATION_INTERVAL: "0.05",
  });
  expect(lines.join("\n")).toMatch(/ INFO {5}listening /);
  const client = await WebSocketClient.welcomed(url);
  expect((await client.next("notification")).message).toStartWith("Periodic notification");
});

test("the environment of the README is understood as it is written", async () => {
  writeFileSync(join(folder, ".env"), documentedEnvironment);
  const { output, errors, code } = await check(["--check-config"]);
  expect(errors).toBe("");
  expect(code).toBe(0);
  // All the rest is what the defaults are.
  expect(output.trim().split("\n")).toEqual([
    "configuration is valid",
    "settings that differ from their defaults:",
    "  MAX_CONNECTIONS=1000 (.env)",
  ]);
});

test("more than one worker is refused with the remedy", async () => {
  const { errors, code } = await check(["--host", "0.0.0.0", "--port", "8080", "--workers", "4"]);
  expect(code).toBe(2);
  expect(errors).toContain("WORKERS=4 (flag --workers): several processes need Redis");
  expect(errors).toContain("Set WORKERS=1");
});

test.each([[[]], [["--dev"]]])("a port that is taken ends it with the remedy, flags %j", async (flags) => {
  const other = await start([]);
  const { errors, code } = await check([...flags, "--host", "127.0.0.1", "--port", String(other.port)]);
  expect(code).toBe(1);
  expect(errors).toContain(`Cannot listen on 127.0.0.1:${other.port}: another program uses that port.`);
});

test("an address that is not this machine's is said, with the remedy", async () => {
  const { errors, code } = await check(["--host", "host.invalid", "--port", "0"]);
  expect(code).toBe(1);
  expect(errors).toBe(
    "Cannot listen on host.invalid:0: not an address of this machine. " +
      "Give one with --host, or leave it out for all of them.\n",
  );
});
