import { expect, test } from "bun:test";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import { startSocketServer } from "./support/socket-server.ts";
import { until } from "./support/until.ts";

test("without an answer of its own the server accepts the client's first subprotocol, and echoes it", async () => {
  await using running = startSocketServer();
  const client = await PlainWebSocket.open(running.url, { "Sec-WebSocket-Protocol": "token-abc, other" });
  expect(client.handshakeHeaders.get("sec-websocket-protocol")).toBe("token-abc");
  client.connection.destroy();
});

test("a foreign Origin is let in unless the server looks", async () => {
  await using running = startSocketServer();
  const client = await PlainWebSocket.open(running.url, { Origin: "https://evil.example" });
  await until("the socket is open", () => running.sockets.length === 1);
  client.connection.destroy();
});

test("compression is off by default, whatever the client offers", async () => {
  await using running = startSocketServer();
  const client = await PlainWebSocket.open(running.url, {
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
  });
  expect(client.handshakeHeaders.get("sec-websocket-extensions")).toBeNull();
  client.connection.destroy();
});

test("async message handlers of one socket run side by side", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  await using running = startSocketServer({
    message: async (_socket, message) => {
      log.push(`start ${message}`);
      if (message === "1") await gate.promise;
      log.push(`end ${message}`);
    },
  });
  const client = await PlainWebSocket.open(running.url);
  client.sendText("1");
  client.sendText("2");
  await until("the second has ended", () => log.includes("end 2"));
  expect(log).toEqual(["start 1", "start 2", "end 2"]);
  gate.resolve();
  await until("the first has ended", () => log.includes("end 1"));
  client.connection.destroy();
});

test("the handler sees pings and pongs, and pings are answered by the runtime", async () => {
  const seen: string[] = [];
  await using running = startSocketServer({
    ping: () => {
      seen.push("ping");
    },
    pong: () => {
      seen.push("pong");
    },
  });
  const client = await PlainWebSocket.open(running.url);
  client.connection.write(new Uint8Array([0x89, 0x80, 0, 0, 0, 0]));
  await until("the ping is answered", () => client.frames.some((frame) => frame.opcode === 10));
  client.connection.write(new Uint8Array([0x8a, 0x80, 0, 0, 0, 0]));
  await until("the pong is seen", () => seen.includes("pong"));
  expect(seen).toEqual(["ping", "pong"]);
  client.connection.destroy();
});
