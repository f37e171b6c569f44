import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort } from "../support/free-port.ts";
import { type SpawnedServer, spawnServer, startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

const administration: [method: string, path: string][] = [
  ["GET", "/metrics"],
  ["GET", "/metrics/"],
  ["GET", "/metrics/prometheus"],
  ["GET", "/status"],
  ["GET", "/nodes"],
  ["POST", "/users/alice/disconnect"],
  ["DELETE", "/topics/t/history"],
];
const clients: [method: string, path: string][] = [
  ["GET", "/"],
  ["GET", "/topics"],
  ["GET", "/topics/t/history"],
  ["POST", "/notify?message=x"],
  ["GET", "/messages"],
  ["GET", "/asyncapi.json"],
];
const common: [method: string, path: string][] = [
  ["GET", "/health"],
  ["GET", "/ready"],
];

describe("with a port of its own for administration", () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let adminUrl: string;

  beforeAll(async () => {
    server = await startTestServer({ adminPort: freePort() });
    adminUrl = server.adminUrl!;
    const publish = { method: "POST", body: '{"topic":"t","message":"x"}' };
    expect((await fetch(`${server.url}/publish`, publish)).status).toBe(200);
  });
  afterAll(() => server.stop());

  const statusOf = async (url: string, method: string, path: string) =>
    (await fetch(url + path, { method })).status;

  for (const [method, path] of administration) {
    test(`${method} ${path} is there, and nowhere else`, async () => {
      expect(await statusOf(adminUrl, method, path)).toBe(200);
      expect([404, 405]).toContain(await statusOf(server.url, method, path));
    });
  }

  for (const [method, path] of clients) {
    test(`${method} ${path} is where clients are`, async () => {
      expect(await statusOf(server.url, method, path)).toBe(200);
      expect([404, 405]).toContain(await statusOf(adminUrl, method, path));
    });
  }

  for (const [method, path] of common) {
    test(`${method} ${path} is in both places`, async () => {
      expect([await statusOf(server.url, method, path), await statusOf(adminUrl, method, path)]).toEqual([
        200, 200,
      ]);
    });
  }

  test("no WebSocket is opened there", async () => {
    await expect(WebSocketClient.open(adminUrl)).rejects.toThrow();
  });

  test("other spellings of a path lead nowhere", async () => {
    for (const path of [
      "/%6detrics",
      "//metrics",
      "/./metrics",
      "/x/../metrics",
      "/METRICS",
      "/metrics%2f",
      "/status;a",
    ]) {
      const url = new URL(server.url);
      const response = await fetch(`http://${url.host}${path}`);
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  test("both say the same about security", async () => {
    const answers = await Promise.all([fetch(`${server.url}/health`), fetch(`${adminUrl}/health`)]);
    for (const { headers } of answers) expect(headers.get("x-content-type-options")).toBe("nosniff");
  });
});

test("without one, everything is in one place", async () => {
  const server = await startTestServer();
  try {
    expect(server.adminUrl).toBeNull();
    expect((await fetch(`${server.url}/metrics`)).status).toBe(200);
    expect((await fetch(`${server.url}/topics`)).status).toBe(200);
  } finally {
    await server.stop();
  }
});

test("the log says where administration is; a port that is taken is named with its setting", async () => {
  const adminPort = freePort();
  const servers: SpawnedServer[] = [];
  try {
    servers.push(await spawnServer({ env: { ADMIN_PORT: String(adminPort) } }));
    const line = await servers[0]!.waitForLog(/listening for administration/);
    expect(line).toContain(`http://127.0.0.1:${adminPort}`);
    const failing = spawnServer({ env: { ADMIN_PORT: String(adminPort) } });
    await expect(failing).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${adminPort}: another program uses that port. Stop it, or choose another port with ADMIN_PORT.`,
    );
  } finally {
    for (const server of servers) await server.stop();
  }
});
