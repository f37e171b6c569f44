import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { PlainWebSocket } from "./support/plain-websocket.ts";
import { nextServerSocket, startSocketServer } from "./support/socket-server.ts";
import { until } from "./support/until.ts";

/** Bun looks at its socket timers every four seconds: these facts cannot be seen sooner, so they wait side by side. */
const sweepMs = 4000;
const testTimeoutMs = 15_000;

test.concurrent(
  "idleTimeout cuts a quiet stream; server.timeout(request, 0) keeps it",
  async () => {
    const quietStream = () =>
      new Response(
        new ReadableStream<string>({
          start: (controller) => {
            controller.enqueue("first");
          },
        }),
      );
    await using server = Bun.serve({
      port: 0,
      development: false,
      idleTimeout: 1,
      fetch: (request, self) => {
        if (new URL(request.url).pathname === "/kept") self.timeout(request, 0);
        return quietStream();
      },
    });
    const openUntil = async (path: string): Promise<() => boolean> => {
      let ended = false;
      const reader = (await fetch(new URL(path, server.url))).body!.getReader();
      await reader.read();
      const end = () => {
        ended = true;
      };
      reader.read().then(end, end);
      return () => ended;
    };
    const keptEnded = await openUntil("/kept");
    const cutEnded = await openUntil("/cut");
    await until("the stream without server.timeout is cut", cutEnded, 2.5 * sweepMs);
    expect(keptEnded()).toBe(false);
  },
  testTimeoutMs,
);

const listening = "0A";

/** Connections on this port that some process holds a descriptor of: the kernel shows orphans with inode 0. */
const heldConnections = (localPort: number): number => {
  const portHex = localPort.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${portHex}`) && fields[3] !== listening && fields[9] !== "0")
    .length;
};

test.skipIf(process.platform !== "linux").concurrent(
  "with idleTimeout 0 ws.close frees the descriptor of a peer that never answers within two sweeps",
  async () => {
    await using running = startSocketServer({ idleTimeout: 0 });
    const port = running.server.port!;
    const socket = await nextServerSocket(running, async () => {
      const peer = await PlainWebSocket.open(running.url);
      peer.connection.pauseReading();
    });
    socket.close(4408);
    await Bun.sleep(20);
    expect(heldConnections(port)).toBe(1);
    await until("the server's descriptor is free", () => heldConnections(port) === 0, 2.5 * sweepMs);
  },
  testTimeoutMs,
);
