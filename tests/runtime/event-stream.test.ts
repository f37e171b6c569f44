import { expect, test } from "bun:test";
import { RawConnection } from "../support/raw-connection.ts";
import { until } from "./support/until.ts";

interface StreamServer {
  readonly url: string;
  readonly port: number;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly events: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves one endless stream; `events` tells what became of it. */
const startStreamServer = (): StreamServer => {
  const events: string[] = [];
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request) => {
      request.signal.addEventListener("abort", () => events.push("abort"));
      const body = new ReadableStream<Uint8Array>(
        {
          start: (opened) => {
            controller = opened;
            opened.enqueue(new TextEncoder().encode(": hello\n\n"));
          },
          cancel: () => {
            events.push("cancel");
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
      );
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    },
  });
  return {
    url: server.url.href,
    port: server.port!,
    get controller() {
      if (controller === null) throw new Error("no stream is open");
      return controller;
    },
    events,
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
    },
  };
};

const openStream = async (port: number): Promise<RawConnection> => {
  const connection = await RawConnection.connect({ hostname: "127.0.0.1", port });
  connection.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until("the first event", () => new TextDecoder().decode(connection.received).includes("hello"));
  return connection;
};

test("desiredSize tells how many bytes a slow reader left in the queue, and falls without bound", async () => {
  await using server = startStreamServer();
  const connection = await openStream(server.port);
  expect(server.controller.desiredSize).toBe(0);
  connection.pauseReading();
  const chunk = new Uint8Array(1024 * 1024);
  let enqueuedBytes = 0;
  let settled = 1;
  // Until the kernel's buffers are full and the queue keeps what it has.
  while (server.controller.desiredSize === 0 || server.controller.desiredSize !== settled) {
    if (server.controller.desiredSize === 0) {
      server.controller.enqueue(chunk);
      enqueuedBytes += chunk.length;
    }
    settled = server.controller.desiredSize ?? 0;
    await Bun.sleep(30);
  }
  const before = server.controller.desiredSize ?? 0;
  for (let count = 0; count < 32; count++) server.controller.enqueue(chunk);
  expect(server.controller.desiredSize).toBe(before - 32 * chunk.length);
  await Bun.sleep(50);
  expect(server.controller.desiredSize).toBe(before - 32 * chunk.length);
  expect(enqueuedBytes).toBeGreaterThan(0);
  connection.destroy();
});

test("desiredSize is back at its top soon after a reader that keeps up was given a chunk", async () => {
  await using server = startStreamServer();
  const connection = await openStream(server.port);
  server.controller.enqueue(new Uint8Array(10_000));
  await until("the queue is empty", () => server.controller.desiredSize === 0);
  connection.destroy();
});

test("a disconnect fires both request.signal's abort and the stream's cancel", async () => {
  await using server = startStreamServer();
  const connection = await openStream(server.port);
  expect(server.events).toEqual([]);
  connection.destroy();
  await until("abort and cancel", () => server.events.length >= 2);
  expect(server.events.toSorted()).toEqual(["abort", "cancel"]);
});

test("one chunk may be enqueued to many streams: nobody detaches or changes it", async () => {
  const controllers: ReadableStreamDefaultController<Uint8Array>[] = [];
  await using server = Bun.serve({
    port: 0,
    development: false,
    fetch: () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => {
            controllers.push(controller);
          },
        }),
      ),
  });
  const opening = Array.from({ length: 5 }, () => fetch(server.url));
  await until("five streams", () => controllers.length === 5);
  const chunk = new TextEncoder().encode("data: shared\n\n");
  for (const controller of controllers) controller.enqueue(chunk);
  for (const controller of controllers) controller.enqueue(chunk);
  for (const controller of controllers) controller.close();
  for (const response of opening) {
    expect(await (await response).text()).toBe("data: shared\n\ndata: shared\n\n");
  }
  expect(chunk.byteLength).toBe(14);
});

test("headers leave at once when a stream has enqueued in start, before anything else happens", async () => {
  await using server = startStreamServer();
  const response = await fetch(server.url);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  await response.body?.cancel();
});
