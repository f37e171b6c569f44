import { afterEach, expect, test } from "bun:test";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: RunningServer;

afterEach(async () => {
  await server.stop();
});

test("readers of the topics in PRESENCE_EVENTS are told who joins and leaves, once per user", async () => {
  server = await startTestServer({ presenceEvents: ["room:*"] });
  const watcher = await WebSocketClient.welcomed(server.url, "topics=room:1,lobby");
  const stream = await fetch(`${server.url}/events?topic=room:1`);
  const alice = await WebSocketClient.welcomed(server.url, "topics=room:1,lobby&user_id=alice");
  const again = await WebSocketClient.welcomed(server.url, "topics=room:1&user_id=alice");
  expect(await watcher.next("join")).toEqual({ type: "join", topic: "room:1", user_id: "alice" });

  await again.close();
  // A page that is loaded anew is no event at all.
  await alice.close();
  const back = await WebSocketClient.welcomed(server.url, "topics=room:1&user_id=alice");
  const bob = await WebSocketClient.welcomed(server.url, "topics=room:1&user_id=bob");
  expect(await watcher.next("join")).toEqual({ type: "join", topic: "room:1", user_id: "bob" });
  await back.close();
  expect(await watcher.next("leave")).toEqual({ type: "leave", topic: "room:1", user_id: "alice" });

  const told = watcher.received.filter((frame) => frame.type === "join" || frame.type === "leave");
  expect(told).toHaveLength(3);
  await Promise.all([bob.close(), watcher.close()]);
  expect(await readUntil(stream, "event: leave")).toMatch(/event: join\nid: c1\.\S+\ndata: \{"type":"join"/);
});

async function readUntil(response: Response, wanted: string): Promise<string> {
  let text = "";
  for await (const chunk of response.body!) {
    text += new TextDecoder().decode(chunk);
    if (text.includes(wanted)) return text;
  }
  throw new Error(`the stream ended without ${wanted}:\n${text}`);
}
