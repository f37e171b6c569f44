import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/index.ts";
import { Opcode } from "../../support/raw-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { BridgeCaller, curl } from "./support/bridge-caller.ts";

/** Every setting that the S2 server's README names, as its users have them in `.env`. */
const dotEnv = `
HOST=127.0.0.1
DEBUG=true
WS_PATH=/realtime/ws
WS_PING_INTERVAL=0.2
WS_PING_TIMEOUT=0.1
SSE_PATH=/bridge
SSE_BATCH_PATH=/bridge/many
LOG_LEVEL=INFO
LOG_FORMAT=json
CORS_ORIGINS=["https://app.example"]
PUBLIC_ACCOUNTS=["support","news.bot"]
`;

describe("configured using environment variables defined in a .env file", () => {
  let folder: string;
  let server: SpawnedServer;
  let caller: BridgeCaller;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fanfare-s2-"));
    await Bun.write(join(folder, ".env"), dotEnv);
    server = await spawnServer({ cwd: folder });
    caller = new BridgeCaller(server.url, {
      push: "/bridge/push",
      batch: "/bridge/many",
      send: "/bridge/send",
    });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  /** A connection that does not answer pings. */
  async function connect(userId: string, headers: Record<string, string> = {}) {
    const socket = await RawWebSocket.open(server.url, { path: `/realtime/ws?user_id=${userId}`, headers });
    await socket.waitForJson("welcome", ({ type }) => type === "welcome");
    return socket;
  }

  test("WS_PATH moves the WebSocket, and nothing is left at /ws", async () => {
    const socket = await connect("alice");
    expect(socket.jsonFrames[0]).toMatchObject({ type: "welcome", user_id: "alice" });
    await socket.close();
    expect((await fetch(`${server.url}/ws`)).status).toBe(404);
  });

  test("WS_PING_INTERVAL and WS_PING_TIMEOUT: who does not answer a ping is closed", async () => {
    const socket = await connect("silent");
    expect(socket.jsonFrames[0]).toMatchObject({ ping_interval: 0.2 });
    await socket.waitForFrame("a ping", ({ opcode }) => opcode === Opcode.ping);
    expect(await socket.waitForEnd()).toMatchObject({ code: 4408 });
  });

  test("SSE_PATH and SSE_BATCH_PATH move the bridge, and nothing is left at /sse", async () => {
    const socket = await connect("bob");
    expect((await caller.push({ user_id: "bob", message: "1" })).status).toBe(200);
    expect((await caller.batch([{ user_id: "bob", message: "2" }])).body.results).toMatchObject([
      { status: "ok" },
    ]);
    const answers = await caller.send({ user_id: "bob", message: "?", correlation_id: "c" });
    socket.sendJson({ type: "response", correlation_id: "c", data: 1, final: true });
    expect((await answers.all()).length).toBe(1);
    for (const path of ["/sse/push", "/sse/push/batch", "/sse/send", "/bridge/push/batch"]) {
      const { status } = await fetch(server.url + path, { method: "POST", body: "[]" });
      expect([path, status]).toEqual([path, 404]);
    }
    await socket.close();
  });

  test("PUBLIC_ACCOUNTS names who is mentioned", async () => {
    const socket = await connect("news.bot");
    const { status, body } = await caller.push({ user_id: "nobody", message: "@news.bot hello" });
    expect([status, body.topic]).toEqual([200, "user:news.bot"]);
    await socket.close();
  });

  test("CORS_ORIGINS may use the bridge and the WebSocket; other pages may not", async () => {
    const socket = await connect("carol", { Origin: "https://app.example" });
    const push = (origin: string) =>
      fetch(`${server.url}/bridge/push`, {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ user_id: "carol", message: "hi" }),
      });
    const allowed = await push("https://app.example");
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([
      200,
      "https://app.example",
    ]);
    expect((await push("https://evil.example")).status).toBe(403);
    await expect(connect("carol", { Origin: "https://evil.example" })).rejects.toThrow("answered 403");
    await socket.close();
  });

  test("DEBUG, LOG_LEVEL and LOG_FORMAT: JSON lines from INFO on", async () => {
    const lines = server.lines.map((line) => JSON.parse(line) as { level: string });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.some(({ level }) => level === "debug")).toBe(false);
  });
});

describe("two routes at one address", () => {
  const load = (env: Record<string, string>) => loadConfig({ argv: [], env });
  const refused: Record<string, string>[] = [
    { SSE_BATCH_PATH: "/sse/push" },
    { SSE_BATCH_PATH: "/publish" },
    { SSE_PATH: "/bridge", WS_PATH: "/bridge/send" },
    { SSE_BATCH_PATH: "/many", WS_PATH: "/many" },
  ];
  for (const env of refused) {
    test(`${JSON.stringify(env)} is refused at the start`, () => {
      expect(load(env)).toMatchObject({ kind: "invalid", errors: [expect.stringContaining("same address")] });
    });
  }

  test("beside each other they may have any prefix", () => {
    for (const env of [
      { SSE_PATH: "/events", SSE_BATCH_PATH: "/events/batch" },
      { SSE_PATH: "/api/v1/sse", SSE_BATCH_PATH: "/api/v1/sse/batch", WS_PATH: "/api/v1/ws" },
    ]) {
      expect(load(env).kind).toBe("run");
    }
  });
});

describe("health checks and metrics endpoints", () => {
  let server: SpawnedServer;

  beforeAll(async () => {
    server = await spawnServer();
  });
  afterAll(() => server.stop());

  test("GET /health - Health check", async () => {
    const socket = await RawWebSocket.open(server.url, { path: "/ws?user_id=alice" });
    const health = JSON.parse(await curl(`${server.url}/health`));
    expect(health).toMatchObject({ status: "healthy", connected_websockets: 1 });
    await socket.close();
  });

  test("GET /metrics - Server metrics, which count what the bridge does", async () => {
    const metrics = async () => JSON.parse(await curl(`${server.url}/metrics`));
    const before = await metrics();
    const socket = await RawWebSocket.open(server.url, { path: "/ws?user_id=alice" });
    const caller = new BridgeCaller(server.url);
    await caller.push({ user_id: "alice", message: "hi" });
    await caller.batch([
      { user_id: "alice", message: "hi" },
      { user_id: "nobody", message: "hi" },
    ]);
    await socket.waitForJson("the second push", ({ offset }) => offset === 2);
    const after = await metrics();
    expect(after.active_connections).toBe(1);
    expect(after.total_connections - before.total_connections).toBe(1);
    expect(after.messages_sent - before.messages_sent).toBeGreaterThanOrEqual(2);
    expect(after.error_rate).toBeGreaterThan(before.error_rate);
    await socket.close();
  });
});
