import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/server.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.stop();
});

async function answerTo(offered: string): Promise<string | undefined> {
  const headers = { "Sec-WebSocket-Protocol": offered };
  const socket = await RawWebSocket.open(server.url, { headers });
  socket.connection.destroy();
  return socket.handshake.headers.get("sec-websocket-protocol") ?? undefined;
}

test("an offered subprotocol is not repeated: a token passed that way would leak", async () => {
  expect(await answerTo("secret-token, chat")).toBeUndefined();
});

test("fanfare.v1 is answered wherever it stands among the offers", async () => {
  expect(await answerTo("fanfare.token.abc, fanfare.v1")).toBe("fanfare.v1");
});
