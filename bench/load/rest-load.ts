import type { Socket } from "bun";
import { openMany } from "./raw-request.ts";

const body = JSON.stringify({ topic: "bench", message: "m".repeat(64) });
const request = Buffer.from(
  [
    "POST /publish HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n"),
);
const endOfHead = Buffer.from("\r\n\r\n");
const success = Buffer.from("HTTP/1.1 200");

/** `POST /publish` over connections that are kept, each with one request outstanding. */
export class RestLoad implements AsyncDisposable {
  #sockets: Socket[] = [];
  #deadline = 0;
  #outstanding = 0;
  #answered = 0;
  #settle: ((error: Error | null) => void) | null = null;

  static async open(port: number, connections: number): Promise<RestLoad> {
    const load = new RestLoad();
    load.#sockets = await openMany(connections, () => load.#connect(port));
    return load;
  }

  /** Requests answered within `durationMs`, and those that were under way at its end. */
  async run(durationMs: number): Promise<number> {
    const settled = Promise.withResolvers<void>();
    this.#settle = (error) => (error === null ? settled.resolve() : settled.reject(error));
    this.#answered = 0;
    this.#outstanding = this.#sockets.length;
    this.#deadline = performance.now() + durationMs;
    for (const socket of this.#sockets) socket.write(request);
    await settled.promise;
    this.#settle = null;
    return this.#answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#settle = null;
    for (const socket of this.#sockets) socket.terminate();
  }

  #connect(port: number): Promise<Socket> {
    const opened = Promise.withResolvers<Socket>();
    let pending: Buffer = Buffer.alloc(0);
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => opened.resolve(socket),
        data: (socket, bytes) => {
          const response: Buffer = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
          if (!isWhole(response)) {
            pending = Buffer.from(response);
            return;
          }
          pending = Buffer.alloc(0);
          if (response.indexOf(success) === 0) this.#onAnswer(socket);
          else this.#settle?.(new Error(`the server answered ${response.toString()}`));
        },
        close: () => this.#settle?.(new Error("the server closed a connection")),
        error: (_socket, error) => this.#settle?.(error),
        connectError: (_socket, error) => opened.reject(error),
      },
    }).catch(opened.reject);
    return opened.promise;
  }

  #onAnswer(socket: Socket): void {
    this.#answered++;
    if (performance.now() < this.#deadline) {
      socket.write(request);
      return;
    }
    this.#outstanding--;
    if (this.#outstanding === 0) this.#settle?.(null);
  }
}

/** Whether the head and as many bytes as its Content-Length says are there. */
const isWhole = (response: Buffer): boolean => {
  const headEnd = response.indexOf(endOfHead);
  if (headEnd < 0) return false;
  const length = /content-length: *(\d+)/i.exec(response.toString("latin1", 0, headEnd))?.[1];
  if (length === undefined) throw new Error("an answer without Content-Length");
  return response.length >= headEnd + endOfHead.length + Number(length);
};
