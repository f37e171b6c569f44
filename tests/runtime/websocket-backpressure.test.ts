import { expect, test } from "bun:test";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import {
  fillKernelBuffer,
  nextServerSocket,
  type ServerSocket,
  type SocketServer,
  startSocketServer,
} from "./support/socket-server.ts";
import { immediate, nextTurn } from "./support/turn.ts";
import { until } from "./support/until.ts";

const limitBytes = 64 * 1024;
const publication = "x".repeat(1000);

const connectSlowReader = async (
  running: SocketServer,
): Promise<{ client: PlainWebSocket; socket: ServerSocket }> => {
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  client.connection.pauseReading();
  return { client, socket };
};

/** Kernel buffer full, and a little of the server's own: far from the limit still. */
const fillToTheBrim = async (socket: ServerSocket): Promise<void> => {
  let settled = -1;
  while (socket.getBufferedAmount() < 16 * 1024 || socket.getBufferedAmount() !== settled) {
    while (socket.getBufferedAmount() < 16 * 1024) socket.send("y".repeat(8 * 1024));
    settled = socket.getBufferedAmount();
    await Bun.sleep(30);
  }
};

test("publish answers 0 without subscribers and a negative number under backpressure", async () => {
  await using running = startSocketServer({ backpressureLimit: 64 * 1024 * 1024 });
  expect(running.server.publish("topic", publication)).toBe(0);
  const { client, socket } = await connectSlowReader(running);
  expect(running.server.publish("topic", publication)).toBeGreaterThan(0);
  await fillKernelBuffer(socket);
  expect(running.server.publish("topic", "z".repeat(20_000))).toBeLessThan(0);
  client.connection.destroy();
});

test("closeOnBackpressureLimit false drops in silence and keeps the socket", async () => {
  await using running = startSocketServer({ backpressureLimit: limitBytes, closeOnBackpressureLimit: false });
  const { client, socket } = await connectSlowReader(running);
  await fillToTheBrim(socket);
  for (let count = 0; count < 320; count++) running.server.publish("topic", publication);
  await Bun.sleep(50);
  expect(running.closes).toEqual([]);
  expect(socket.readyState).toBe(1);
  expect(socket.getBufferedAmount()).toBeLessThan(limitBytes + 2000);
  expect(running.server.publish("topic", "z".repeat(20_000))).toBe(0);
  client.connection.destroy();
});

test("closeOnBackpressureLimit true: 1006 without a reason, in the next poll, the buffer already 0", async () => {
  let amountInHandler = -1;
  await using running = startSocketServer({
    backpressureLimit: limitBytes,
    closeOnBackpressureLimit: true,
    close: (socket) => {
      amountInHandler = socket.getBufferedAmount();
    },
  });
  const { client, socket } = await connectSlowReader(running);
  await fillToTheBrim(socket);
  for (let count = 0; count < 320; count++) running.server.publish("topic", publication);
  // The call itself closes nothing: the socket looks alive, and its buffer tells why it is going to die.
  expect(running.closes).toEqual([]);
  expect(socket.readyState).toBe(1);
  expect(socket.getBufferedAmount()).toBeGreaterThan(limitBytes);
  await immediate();
  expect(running.closes).toEqual([]);
  await immediate();
  expect(running.closes).toEqual([{ code: 1006, reason: "" }]);
  expect(amountInHandler).toBe(0);
  expect(running.server.subscriberCount("topic")).toBe(0);
  client.connection.resumeReading();
  expect(await client.waitForEnd()).toBeNull();
});

test("a message is taken as long as the buffer is not yet over the limit, however large it is", async () => {
  await using running = startSocketServer({ backpressureLimit: limitBytes, closeOnBackpressureLimit: true });
  const { client, socket } = await connectSlowReader(running);
  await fillToTheBrim(socket);
  socket.send("x".repeat(10 * limitBytes));
  await nextTurn();
  await Bun.sleep(20);
  expect(running.closes).toEqual([]);
  expect(socket.getBufferedAmount()).toBeGreaterThan(10 * limitBytes);
  expect(socket.send("one more")).toBe(0);
  await nextTurn();
  expect(running.closes).toEqual([{ code: 1006, reason: "" }]);
  client.connection.destroy();
});

test("one who is cut off for slowness has seen a contiguous beginning", async () => {
  await using running = startSocketServer({ backpressureLimit: limitBytes, closeOnBackpressureLimit: true });
  const { client } = await connectSlowReader(running);
  let published = 0;
  const filler = "x".repeat(4000);
  for (let turn = 0; running.closes.length === 0 && turn < 200; turn++) {
    // At first it reads now and then, so that the buffer rises and falls; then it stops for good.
    if (turn < 40 && turn % 2 === 1) client.connection.resumeReading();
    for (let count = 0; count < 200; count++) running.server.publish("topic", `${published++}:${filler}`);
    await nextTurn();
    client.connection.pauseReading();
  }
  expect(running.closes).toEqual([{ code: 1006, reason: "" }]);
  client.connection.resumeReading();
  await client.waitForEnd();
  const numbers = client.frames.map((frame) =>
    Number.parseInt(new TextDecoder().decode(frame.payload.subarray(0, 8)), 10),
  );
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.length).toBeLessThan(published);
  expect(numbers).toEqual(numbers.map((_, index) => index));
});

test("ws.pause holds back what the client sends, ws.resume lets it in", async () => {
  let receivedBytes = 0;
  await using running = startSocketServer({
    maxPayloadLength: 1024 * 1024,
    message: (_socket, message) => {
      receivedBytes += message.length;
    },
  });
  let client!: PlainWebSocket;
  const socket = (await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  })) as ServerSocket & { pause(): void; resume(): void };
  socket.pause();
  const text = "x".repeat(60_000);
  const total = 20;
  for (let count = 0; count < total; count++) client.sendText(text);
  await Bun.sleep(50);
  expect(receivedBytes).toBe(0);
  socket.resume();
  await until("everything received", () => receivedBytes === total * text.length);
  client.connection.destroy();
});
