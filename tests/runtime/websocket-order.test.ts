import { expect, test } from "bun:test";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import { nextServerSocket, startSocketServer } from "./support/socket-server.ts";
import { until } from "./support/until.ts";

test("ws.send and server.publish reach one socket in the order of the calls", async () => {
  await using running = startSocketServer();
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  const expected: string[] = [];
  for (let index = 0; index < 200; index++) {
    // Large publications leave at once and small ones are queued: neither may overtake the other.
    const text = index % 7 === 0 ? `${index}${"x".repeat(20_000)}` : `${index}`;
    expected.push(text);
    if (index % 3 === 0) socket.send(text);
    else running.server.publish("topic", text);
  }
  await until("all 200 frames", () => client.frames.length >= 200);
  expect(client.texts).toEqual(expected);
  client.connection.destroy();
});

test("replay then subscribe in one synchronous block is an atomic hand-off", async () => {
  await using running = startSocketServer();
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  let other!: PlainWebSocket;
  const otherSocket = await nextServerSocket(running, async () => {
    other = await PlainWebSocket.open(running.url);
  });
  // Somebody else listens already, so that the early publication is queued and not merely discarded.
  otherSocket.subscribe("topic");
  running.server.publish("topic", "before");
  socket.send("replayed");
  socket.subscribe("topic");
  running.server.publish("topic", "live");
  socket.unsubscribe("topic");
  running.server.publish("topic", "after");
  socket.send("end");
  await until("the last frames", () => client.texts.includes("end") && other.frames.length === 3);
  expect(client.texts).toEqual(["replayed", "live", "end"]);
  expect(other.texts).toEqual(["before", "live", "after"]);
  client.connection.destroy();
  other.connection.destroy();
});

test("subscribing twice delivers once", async () => {
  await using running = startSocketServer();
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  socket.subscribe("topic");
  expect(running.server.subscriberCount("topic")).toBe(1);
  running.server.publish("topic", "once");
  socket.send("end");
  await until("the end", () => client.texts.includes("end"));
  expect(client.texts).toEqual(["once", "end"]);
  client.connection.destroy();
});
