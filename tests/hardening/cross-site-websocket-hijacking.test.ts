import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/server.ts";
import { secretIssuer, testSecret } from "../support/tokens.ts";
import { refusedUpgrade } from "../support/upgrade.ts";

let server: RunningServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer({ jwtSecret: testSecret, corsOrigins: ["https://app.example.com"] });
  token = await secretIssuer().issue({ fanfare: { subscribe: ["*"] } });
});

afterAll(async () => {
  await server.stop();
});

test.each([
  "https://evil.example",
  "https://app.example.com.evil.example",
  "https://evil-app.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "HTTPS://APP.EXAMPLE.COM",
  "https://app.example.com/",
  "https://app.example.com@evil.example",
  "null",
  "",
  "file://",
  "nonsense",
])(
  "CSWSH: a page of %j does not connect, with the token of whoever looks at it or without",
  async (origin) => {
    for (const headers of [{}, { Authorization: `Bearer ${token}` }, { Cookie: `token=${token}` }]) {
      const refused = await refusedUpgrade(server.url, `token=${token}`, { Origin: origin, ...headers });
      expect(refused).toMatchObject({ status: 403, code: "forbidden" });
    }
  },
);

test("CSWSH: a cookie is no credential: browsers send it along for every page", async () => {
  for (const cookie of [`token=${token}`, `Authorization=Bearer ${token}`, `access_token=${token}`]) {
    const socket = await RawWebSocket.open(server.url, { headers: { Cookie: cookie } });
    socket.sendText('{"type":"ping","id":1}');
    await socket.connection.waitFor("an answer", () => socket.jsonFrames[0] ?? null);
    expect(socket.jsonFrames[0]).toMatchObject({ type: "error", code: "unauthorized" });
    socket.connection.destroy();
  }
});

test("the page that is listed connects, and so does the server's own", async () => {
  for (const origin of ["https://app.example.com", server.url]) {
    const headers = { Origin: origin, Authorization: `Bearer ${token}` };
    const socket = await RawWebSocket.open(server.url, { headers });
    await socket.connection.waitFor("a welcome", () => socket.jsonFrames[0] ?? null);
    expect(socket.jsonFrames[0]).toMatchObject({ type: "welcome" });
    socket.connection.destroy();
  }
});
