import { expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { encodeFrame, Opcode } from "../support/raw-frame.ts";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import { nextServerSocket, type ServerSocket, startSocketServer } from "./support/socket-server.ts";
import { nextTurn } from "./support/turn.ts";
import { until } from "./support/until.ts";

test("ws.close runs the close handler inside the call, and there ws.subscriptions is empty", async () => {
  let subscriptionsInHandler: string[] | null = null;
  await using running = startSocketServer({
    close: (socket) => {
      subscriptionsInHandler = socket.subscriptions;
    },
  });
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  expect(socket.subscriptions).toEqual(["topic"]);
  socket.close(4408, "no pong");
  expect(running.closes).toEqual([{ code: 4408, reason: "no pong" }]);
  expect(subscriptionsInHandler as string[] | null).toEqual([]);
  expect(socket.readyState).toBe(3);
  expect(running.server.pendingWebSockets).toBe(0);
  expect(running.server.subscriberCount("topic")).toBe(0);
  expect(socket.send("too late")).toBe(0);
  expect((await client.waitForEnd())?.code).toBe(4408);
});

test("what was sent or published before ws.close arrives before the close frame", async () => {
  await using running = startSocketServer();
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  running.server.publish("topic", "published");
  socket.send("sent");
  socket.close(1012);
  expect((await client.waitForEnd())?.code).toBe(1012);
  expect(client.frames.map((frame) => frame.opcode)).toEqual([Opcode.text, Opcode.text, Opcode.close]);
});

test("ws.terminate ends without a close frame", async () => {
  await using running = startSocketServer();
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.terminate();
  expect(running.closes).toEqual([{ code: 1006, reason: "" }]);
  expect(await client.waitForEnd()).toBeNull();
});

const openSockets = (): number =>
  readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

test.skipIf(process.platform !== "linux")(
  "towards a silent peer ws.close keeps the file descriptor a while, even when ws.terminate follows; terminate alone frees it",
  async () => {
    await using running = startSocketServer();
    const peers: PlainWebSocket[] = [];
    const connect = () =>
      nextServerSocket(running, async () => {
        const peer = await PlainWebSocket.open(running.url);
        // Neither reads on nor closes: as a machine that lost its network.
        peer.connection.pauseReading();
        peers.push(peer);
      });
    const closed = await connect();
    const terminated = await connect();
    const before = openSockets();
    closed.close(4408);
    closed.terminate();
    await nextTurn();
    expect(openSockets()).toBe(before);
    terminated.terminate();
    await nextTurn();
    expect(openSockets()).toBe(before - 1);
    for (const peer of peers) peer.connection.destroy();
  },
);

const violations = [
  {
    name: "a reserved bit",
    send: (client: PlainWebSocket) => client.connection.write(new Uint8Array([0xf1, 0x80, 0, 0, 0, 0])),
    code: 1002,
  },
  {
    name: "an unmasked frame",
    send: (client: PlainWebSocket) => client.connection.write(new Uint8Array([0x81, 0x01, 0x61])),
    code: 1002,
  },
  {
    name: "text that is not UTF-8",
    send: (client: PlainWebSocket) =>
      client.connection.write(encodeFrame({ opcode: Opcode.text, payload: new Uint8Array([0xff, 0xfe]) })),
    code: 1007,
  },
  {
    name: "a frame over maxPayloadLength",
    send: (client: PlainWebSocket) => client.sendText("x".repeat(2000)),
    code: 1009,
  },
];

for (const violation of violations) {
  test(`${violation.name}: the client sees ${violation.code}, the handler 1006 with a reason in words`, async () => {
    await using running = startSocketServer({ maxPayloadLength: 1024 });
    let client!: PlainWebSocket;
    await nextServerSocket(running, async () => {
      client = await PlainWebSocket.open(running.url);
    });
    violation.send(client);
    await until("the close handler", () => running.closes.length === 1);
    expect(running.closes[0]?.code).toBe(1006);
    expect(running.closes[0]?.reason).not.toBe("");
    expect((await client.waitForEnd())?.code).toBe(violation.code);
  });
}

test("remoteAddress must be read while the socket is open: after the close it is gone", async () => {
  const inHandler: unknown[] = [];
  await using running = startSocketServer({
    close: (socket) => {
      inHandler.push(socket.remoteAddress);
    },
  });
  const reading: ServerSocket = await nextServerSocket(running, async () => {
    await PlainWebSocket.open(running.url);
  });
  const address = reading.remoteAddress;
  const silent = await nextServerSocket(running, async () => {
    await PlainWebSocket.open(running.url);
  });
  reading.terminate();
  silent.terminate();
  expect(address).toBe("127.0.0.1");
  expect(inHandler).toEqual(["127.0.0.1", undefined]);
});
