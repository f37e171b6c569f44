import { expect, test } from "bun:test";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import { nextServerSocket, startSocketServer } from "./support/socket-server.ts";
import { until } from "./support/until.ts";

test("stop(false) closes the listener, and open sockets go on until the last is gone", async () => {
  await using running = startSocketServer({ message: (socket, message) => void socket.send(message) });
  let client!: PlainWebSocket;
  const socket = await nextServerSocket(running, async () => {
    client = await PlainWebSocket.open(running.url);
  });
  socket.subscribe("topic");
  const { url } = running;
  let stopped = false;
  const stopping = running.server.stop(false).then(() => {
    stopped = true;
  });
  await expect(PlainWebSocket.open(url)).rejects.toThrow();
  client.sendText("echo");
  await until("the echo", () => client.texts.includes("echo"));
  running.server.publish("topic", "published");
  await until("the publication", () => client.texts.includes("published"));
  expect(stopped).toBe(false);
  client.connection.destroy();
  await stopping;
  expect(running.closes).toHaveLength(1);
});

test("stop(false) lets a request in flight and an open stream finish", async () => {
  const gate = Promise.withResolvers<void>();
  let controller!: ReadableStreamDefaultController<string>;
  await using server = Bun.serve({
    port: 0,
    development: false,
    fetch: async (request) => {
      if (new URL(request.url).pathname === "/slow") {
        await gate.promise;
        return new Response("done");
      }
      return new Response(
        new ReadableStream<string>({
          start: (opened) => {
            controller = opened;
            opened.enqueue("first ");
          },
        }),
      );
    },
  });
  const slow = fetch(new URL("/slow", server.url));
  const stream = await fetch(new URL("/stream", server.url));
  const stopping = server.stop(false);
  await Bun.sleep(20);
  controller.enqueue("second");
  controller.close();
  gate.resolve();
  expect(await (await slow).text()).toBe("done");
  expect(await stream.text()).toBe("first second");
  await stopping;
});

test("stop(true) closes sockets with 1001", async () => {
  await using running = startSocketServer();
  const client = await PlainWebSocket.open(running.url);
  await running.server.stop(true);
  expect((await client.waitForEnd())?.code).toBe(1001);
});

test("two listeners may share a port with reusePort", async () => {
  const answer = () => new Response("ok");
  await using first = Bun.serve({ port: 0, reusePort: true, fetch: answer });
  await using second = Bun.serve({ port: first.port!, reusePort: true, fetch: answer });
  expect(second.port).toBe(first.port);
});
