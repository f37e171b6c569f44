import { afterEach, describe, expect, test } from "bun:test";
import { SlowReader } from "../../support/slow-reader.ts";

const messageBytes = 64 * 1024;
const backpressureLimitBytes = 1024 * 1024;

/** A server that publishes numbered messages on one topic and knows how each of its sockets ended. */
function startPublisher() {
  const endings: number[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      return self.upgrade(request) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
      backpressureLimit: backpressureLimitBytes,
      closeOnBackpressureLimit: true,
      open: (socket) => {
        socket.subscribe("numbers");
        socket.send(JSON.stringify({ type: "welcome" }));
      },
      message: () => {},
      close: (_socket, code) => {
        endings.push(code);
      },
    },
  });
  const filler = "x".repeat(messageBytes);
  let offset = 0;
  const publish = () => {
    offset += 1;
    server.publish("numbers", JSON.stringify({ type: "message", topic: "numbers", offset, ts: 1, filler }));
  };
  return { server, endings, publish, url: `http://127.0.0.1:${server.port}` };
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function openReader() {
  const publisher = startPublisher();
  cleanups.push(() => publisher.server.stop(true));
  const reader = await SlowReader.open(publisher.url, "/ws");
  cleanups.push(() => reader.destroy());
  return { publisher, reader };
}

async function publishUntil(publish: () => void, done: () => boolean): Promise<void> {
  const mostMessages = 2_000;
  for (let count = 0; count < mostMessages && !done(); count += 1) {
    publish();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(done()).toBe(true);
}

describe("slow reader", () => {
  test("gets every publication while it reads", async () => {
    const { publisher, reader } = await openReader();
    await publishUntil(publisher.publish, () => reader.publications.length >= 300);
    expect(publisher.endings).toEqual([]);
    expect(reader.hasEnded).toBe(false);
  });

  test("once it stops, the server's buffer overflows; reading on, it sees a prefix and the end", async () => {
    const { publisher, reader } = await openReader();
    publisher.publish();
    await publishUntil(publisher.publish, () => reader.publications.length > 0);
    reader.stopReading();
    const before = reader.publications.length;
    await publishUntil(publisher.publish, () => publisher.endings.length > 0);
    expect(publisher.endings).toEqual([1006]);
    expect(reader.publications.length - before).toBeLessThanOrEqual(1);

    expect(await reader.readToEnd()).toBeNull();
    const offsets = reader.publications.map(({ offset }) => offset);
    expect(offsets.length).toBeGreaterThan(1);
    expect(offsets).toEqual(offsets.map((_, index) => index + 1));
  });
});
