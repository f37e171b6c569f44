import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import {
  fillKernelBuffer,
  nextServerSocket,
  type ServerSocket,
  type SocketServer,
  startSocketServer,
} from "./support/socket-server.ts";
import { immediate, nextTurn } from "./support/turn.ts";

/**
 * When a publication is written is seen by a socket whose kernel buffer is full: getBufferedAmount rises
 * at the write, not at the call.
 */
describe("the moment at which server.publish writes", () => {
  let running: SocketServer;
  let reader: PlainWebSocket;
  let speaker: PlainWebSocket;
  let socket: ServerSocket;
  let onMessage: (() => void) | null = null;

  beforeAll(async () => {
    running = startSocketServer({
      backpressureLimit: 256 * 1024 * 1024,
      message: () => onMessage?.(),
    });
    socket = await nextServerSocket(running, async () => {
      reader = await PlainWebSocket.open(running.url);
    });
    socket.subscribe("topic");
    speaker = await PlainWebSocket.open(running.url);
    reader.connection.pauseReading();
    await fillKernelBuffer(socket);
  });

  afterAll(async () => {
    reader.connection.destroy();
    speaker.connection.destroy();
    await running.server.stop(true);
  });

  const publish = (text = "hello"): number => {
    running.server.publish("topic", text);
    return socket.getBufferedAmount();
  };

  test("from a timer: after microtasks, process.nextTick and one setImmediate, before the second", async () => {
    await Bun.sleep(1);
    const before = socket.getBufferedAmount();
    expect(publish()).toBe(before);
    await Promise.resolve();
    expect(socket.getBufferedAmount()).toBe(before);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(socket.getBufferedAmount()).toBe(before);
    await immediate();
    expect(socket.getBufferedAmount()).toBe(before);
    await immediate();
    expect(socket.getBufferedAmount()).toBe(before + "hello".length + 2);
  });

  test("from a socket's handler: before one setImmediate", async () => {
    const seen = Promise.withResolvers<{ before: number; microtask: number; immediate: number }>();
    onMessage = () => {
      onMessage = null;
      const before = socket.getBufferedAmount();
      publish();
      let microtask = -1;
      queueMicrotask(() => {
        microtask = socket.getBufferedAmount();
      });
      setImmediate(() => seen.resolve({ before, microtask, immediate: socket.getBufferedAmount() }));
    };
    speaker.sendText("go");
    const amounts = await seen.promise;
    expect(amounts.microtask).toBe(amounts.before);
    expect(amounts.immediate).toBeGreaterThan(amounts.before);
  });

  test("two nested setImmediate are enough from an immediate as well", async () => {
    await immediate();
    const before = socket.getBufferedAmount();
    expect(publish()).toBe(before);
    await nextTurn();
    expect(socket.getBufferedAmount()).toBeGreaterThan(before);
  });

  test("setTimeout of 0 is after the write", async () => {
    await Bun.sleep(1);
    const before = socket.getBufferedAmount();
    expect(publish()).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(socket.getBufferedAmount()).toBeGreaterThan(before);
  });

  test("every 32 queued publications leave together, inside the call that follows them", async () => {
    await nextTurn();
    const rises: number[] = [];
    let amount = socket.getBufferedAmount();
    for (let count = 1; count <= 70; count++) {
      const now = publish();
      if (now !== amount) rises.push(count);
      amount = now;
    }
    expect(rises).toEqual([33, 65]);
    await nextTurn();
  });

  test("a publication of 16 KiB or more is written inside the call", async () => {
    await nextTurn();
    const before = socket.getBufferedAmount();
    expect(publish("x".repeat(16 * 1024 - 1))).toBe(before);
    await nextTurn();
    const between = socket.getBufferedAmount();
    expect(publish("x".repeat(16 * 1024))).toBeGreaterThan(between);
  });

  test("ws.send is counted at once, and writes what was published before it", async () => {
    await nextTurn();
    const before = socket.getBufferedAmount();
    socket.send("hello");
    expect(socket.getBufferedAmount()).toBe(before + 7);
    expect(publish("abc")).toBe(before + 7);
    socket.send("def");
    expect(socket.getBufferedAmount()).toBe(before + 7 + 5 + 5);
  });
});

test("one setImmediate runs after all the messages that one turn received", async () => {
  let scheduled = 0;
  let received = 0;
  const perImmediate: number[] = [];
  await using running = startSocketServer({
    message: () => {
      received++;
      if (scheduled++ === 0) {
        setImmediate(() => {
          perImmediate.push(scheduled);
          scheduled = 0;
        });
      }
    },
  });
  const clients = await Promise.all(Array.from({ length: 20 }, () => PlainWebSocket.open(running.url)));
  for (const client of clients) client.sendText("hello");
  while (received < 20) await immediate();
  await immediate();
  expect(perImmediate.reduce((sum, count) => sum + count, 0)).toBe(20);
  expect(perImmediate.length).toBeLessThanOrEqual(10);
  for (const client of clients) client.connection.destroy();
});
