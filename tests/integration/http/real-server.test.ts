import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startTestServer({ notificationIntervalMs: 0, maxBodyBytes: 10_000 });
});
afterAll(() => server.stop());

async function json<Answer>(path: string, init?: RequestInit): Promise<Answer> {
  return (await (await fetch(server.url + path, init)).json()) as Answer;
}

test("a publication over REST reaches a WebSocket, and is described the same everywhere", async () => {
  const client = await WebSocketClient.welcomed(server.url, "topics=orders&user_id=alice");
  const body = JSON.stringify({ topic: "orders", event: "created", message: "x" });
  const answer = await json<Record<string, unknown>>("/publish", { method: "POST", body });
  const received = await client.next("created");
  expect(received).toMatchObject({ topic: "orders", message: "x", offset: answer.offset });
  const history = await json<Record<string, unknown>>("/topics/orders/history");
  expect(history).toEqual({ ...answer, publications: [received] });
  expect(await json<unknown>("/topics/orders")).toMatchObject({
    ...answer,
    subscribers: 1,
    subscribers_by_transport: { websocket: 1, sse: 0 },
  });
  expect(await json<unknown>("/topics/orders/presence")).toEqual({
    topic: "orders",
    members: [{ user_id: "alice", connections: 1 }],
    connections: 1,
  });
  client.socket.close();
  await client.closed;
});

test("a notification counts the WebSockets that it went to", async () => {
  const clients = await Promise.all([1, 2, 3].map(() => WebSocketClient.welcomed(server.url)));
  const elsewhere = await WebSocketClient.welcomed(server.url, "topics=chat");
  expect(await json<unknown>("/notify?message=Hi", { method: "POST" })).toEqual({
    status: "success",
    message: "Notification sent to 3 clients",
  });
  for (const client of clients) {
    expect(await client.next((frame) => frame.message === "Hi")).toMatchObject({ type: "notification" });
  }
  for (const client of [...clients, elsewhere]) {
    client.socket.close();
    await client.closed;
  }
});

test("a user who is disconnected is told not to come back", async () => {
  const client = await WebSocketClient.welcomed(server.url, "user_id=mallory");
  expect(await json<unknown>("/users/mallory/disconnect", { method: "POST" })).toEqual({
    user_id: "mallory",
    disconnected: 1,
  });
  expect((await client.closed).code).toBe(4403);
});

test("a WebSocket asks for the status that REST answers", async () => {
  const client = await WebSocketClient.welcomed(server.url, "topics=");
  client.send({ type: "status_request", id: 1 });
  const { type: _, id: __, ...status } = await client.next("status");
  expect(Object.keys(status).sort()).toEqual(Object.keys(await json<object>("/status")).sort());
  expect(status).toMatchObject({ node: server.node, broker: { kind: "memory" } });
  client.socket.close();
  await client.closed;
});

test("a body beyond its bound is refused in the shape of all errors", async () => {
  const answer = await fetch(`${server.url}/publish`, { method: "POST", body: " ".repeat(10_001) });
  expect(answer.status).toBe(413);
  expect(await answer.json()).toMatchObject({ error: { code: "too_large" } });
});
