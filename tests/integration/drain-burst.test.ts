import { expect, test } from "bun:test";
import { startTestServer } from "../support/server.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

test("a burst that was accepted reaches those who stay before they are let go, over both transports", async () => {
  const server = await startTestServer({ shutdownTimeoutMs: 1 });
  const reader = await WebSocketClient.welcomed(server.url, "topics=news");
  const stream = await fetch(`${server.url}/events?topic=news`);
  const events = stream.text();
  // Many times what one turn of the event loop hands to a topic's readers.
  const count = 200;
  const body = JSON.stringify({ topics: Array(count).fill("news"), message: "x".repeat(50_000) });
  const answer = await fetch(`${server.url}/publish`, { method: "POST", body });
  const { results } = (await answer.json()) as { results: { offset: number }[] };
  const accepted = results.map(({ offset }) => offset);
  expect(accepted).toEqual(Array.from({ length: count }, (_, index) => index + 1));

  const drained = server.drain();
  expect((await reader.closed).code).toBe(1012);
  const received = reader.received.filter((frame) => frame.topic === "news" && frame.ts);
  expect(received.map((frame) => frame.offset)).toEqual(accepted);
  expect((await events).match(/^event: message$/gm)).toHaveLength(count);
  await drained;
}, 20_000);
