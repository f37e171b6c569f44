import { expect, test } from "bun:test";
import type { MetricsJson } from "../../../src/telemetry/json.ts";
import { RawConnection } from "../../support/raw-connection.ts";
import { addressOf, buildRequest } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { EventStreamClient, type ServerSentEvent } from "./event-stream-client.ts";

const large = "x".repeat(32 * 1024);

async function evictionsOf(url: string): Promise<number | undefined> {
  const response = await fetch(`${url}/metrics`, { headers: { accept: "application/json" } });
  return ((await response.json()) as MetricsJson).connections.evicted.backpressure;
}

/** Offsets and last id in the text of a stream, whatever chunks it came in. */
function readEvents(text: string): { offsets: number[]; lastId: string } {
  const whole = text.slice(0, text.lastIndexOf("\n\n"));
  return {
    offsets: [...whole.matchAll(/"topic":"t","offset":(\d+),"ts"/g)].map((match) => Number(match[1])),
    lastId: [...whole.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "",
  };
}

/** Chunks of HTTP joined; a chunk that is not whole counts as far as it goes. */
function unchunk(text: string): string {
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  let body = "";
  for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (!(size > 0)) break;
    body += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 2 + size + 2);
  }
  return body;
}

test("a stream whose reader stops is cut without a hole, others notice nothing, and it can resume", async () => {
  const server = await startTestServer({
    backpressureLimitBytes: 512 * 1024,
    historyTopicBytes: 64 * 1024 * 1024,
  });
  const slow = await RawConnection.connect(addressOf(server.url));
  slow.write(buildRequest("GET /events?topic=t HTTP/1.1", { Host: new URL(server.url).host }));
  await slow.waitFor("the first event", () =>
    Buffer.from(slow.received).includes("subscribed") ? true : null,
  );
  slow.pauseReading();
  const healthy = await EventStreamClient.subscribed(server.url, "topic=t");
  const publisher = await WebSocketClient.welcomed(server.url, "topics=");
  try {
    let published = 0;
    while ((await evictionsOf(server.url)) === 0 && published < 2000) {
      for (let count = 0; count < 10; count++) {
        publisher.send({ type: "publish", topic: "t", message: large });
        published++;
      }
      await publisher.request({ type: "ping" });
    }
    expect(await evictionsOf(server.url)).toBe(1);
    const isLast = ({ data }: ServerSentEvent) => data.offset === published;
    await until(() => healthy.events.some(isLast));
    const all = healthy.events.slice(1).map(({ data }) => data.offset);
    expect(all).toEqual(Array.from({ length: published }, (_, index) => index + 1));

    slow.resumeReading();
    await slow.waitForClose();
    const { offsets, lastId } = readEvents(unchunk(Buffer.from(slow.received).toString("latin1")));
    expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => index + 1));
    expect(offsets.length).toBeLessThan(published);
    const resumed = await EventStreamClient.subscribed(server.url, "topic=t", { "last-event-id": lastId });
    expect(resumed.first.data[0]).toMatchObject({ offset: published });
    await resumed.close();
  } finally {
    slow.destroy();
    await healthy.close();
    await publisher.close();
    await server.stop();
  }
});

test("a burst is no slowness: a reader that is behind for a moment stays", async () => {
  const server = await startTestServer({ backpressureLimitBytes: 700 * 1024 });
  const reader = await EventStreamClient.subscribed(server.url, "topic=t");
  try {
    // In one request, so that it is one turn's chunk, which is larger than the limit.
    const publications = Array.from({ length: 28 }, () => ({ topic: "t", message: large }));
    const response = await fetch(`${server.url}/publish/batch`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ publications }),
    });
    expect(await response.json()).toMatchObject({
      results: publications.map((_, index) => ({ offset: index + 1 })),
    });
    await reader.take("t", publications.length);
    expect(await evictionsOf(server.url)).toBe(0);
  } finally {
    await reader.close();
    await server.stop();
  }
});
