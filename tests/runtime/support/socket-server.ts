import type { Server, ServerWebSocket, WebSocketHandler } from "bun";
import { until } from "./until.ts";

export type Data = Record<string, never>;
export type ServerSocket = ServerWebSocket<Data>;

export interface SocketServer {
  readonly server: Server<Data>;
  readonly url: string;
  /** Every socket that was opened, in order. */
  readonly sockets: ServerSocket[];
  /** What the close handler was called with, in order. */
  readonly closes: { code: number; reason: string }[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server that upgrades everything, on a free port. */
export const startSocketServer = (handler: Partial<WebSocketHandler<Data>> = {}): SocketServer => {
  const sockets: ServerSocket[] = [];
  const closes: { code: number; reason: string }[] = [];
  const server = Bun.serve<Data>({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request, self) =>
      self.upgrade(request, { data: {} }) ? undefined : new Response("no upgrade", { status: 400 }),
    websocket: {
      idleTimeout: 0,
      message: () => {},
      ...handler,
      open: (socket) => {
        sockets.push(socket);
        handler.open?.(socket);
      },
      close: (socket, code, reason) => {
        closes.push({ code, reason });
        handler.close?.(socket, code, reason);
      },
    },
  });
  return {
    server,
    url: `http://127.0.0.1:${server.port}`,
    sockets,
    closes,
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
    },
  };
};

/** The socket that the next connection will be on the server's side. */
export const nextServerSocket = async (
  running: SocketServer,
  connect: () => Promise<unknown>,
): Promise<ServerSocket> => {
  const index = running.sockets.length;
  await connect();
  await until("the server has the socket", () => running.sockets.length > index);
  return running.sockets[index]!;
};

/**
 * Sends until the kernel takes no more, so that every further byte shows in getBufferedAmount().
 * The client must have stopped reading.
 */
export const fillKernelBuffer = async (socket: ServerSocket): Promise<void> => {
  const mebibyte = new Uint8Array(1024 * 1024);
  let before = -1;
  while (socket.getBufferedAmount() === 0 || socket.getBufferedAmount() !== before) {
    if (socket.getBufferedAmount() === 0) socket.send(mebibyte);
    before = socket.getBufferedAmount();
    await Bun.sleep(30);
  }
};
