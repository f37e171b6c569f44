import type { Socket } from "bun";
import { concatenate, toBytes } from "./raw-frame.ts";

export interface RawHttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** How long any wait of these helpers lasts before it fails; less than the runner gives a test. */
export const defaultDeadlineMs = 4_000;

const headerEnd = toBytes("\r\n\r\n");

/**
 * A TCP connection that writes any bytes in any pieces and keeps what arrives until somebody takes it.
 * Waits reject with an Error when their deadline passes or the peer is gone before they are fulfilled.
 */
export class RawConnection {
  readonly closed: Promise<void>;
  #socket: Socket | null = null;
  #received: Uint8Array = new Uint8Array(0);
  #unsent: Uint8Array = new Uint8Array(0);
  #isClosed = false;
  #consume: ((bytes: Uint8Array) => void) | null = null;
  #wakers = new Set<() => void>();
  readonly #resolveClosed: () => void;

  private constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  static async connect(address: Address): Promise<RawConnection> {
    const connection = new RawConnection();
    connection.#socket = await Bun.connect({
      ...address,
      socket: {
        open: (socket) => {
          // Without it the kernel would glue the pieces of a chopped frame together again.
          socket.setNoDelay(true);
        },
        data: (_socket, bytes) => connection.#onData(new Uint8Array(bytes)),
        drain: () => connection.#flush(),
        end: (socket) => {
          socket.end();
        },
        close: () => connection.#onClosed(),
        error: () => connection.#onClosed(),
      },
    });
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that arrived and that nobody took yet. */
  get received(): Uint8Array {
    return this.#received;
  }

  write(data: string | Uint8Array): void {
    this.#unsent = concatenate([this.#unsent, toBytes(data)]);
    this.#flush();
  }

  /** Writes in pieces, letting the event loop turn after each, so that the server reads them one by one. */
  async writeChopped(data: string | Uint8Array, pieceBytes: number): Promise<void> {
    const bytes = toBytes(data);
    for (let position = 0; position < bytes.length && !this.#isClosed; position += pieceBytes) {
      this.write(bytes.subarray(position, position + pieceBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** From now on everything received, and what is already here, goes to the consumer. */
  handOver(consume: (bytes: Uint8Array) => void): void {
    this.#consume = consume;
    const bytes = this.#received;
    this.#received = new Uint8Array(0);
    if (bytes.length > 0) consume(bytes);
  }

  /** Stops taking bytes off the socket, so that the kernel's buffers and then the peer's fill up. */
  pauseReading(): void {
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#socket?.resume();
  }

  /** Sends FIN once everything written is out. */
  end(): void {
    this.#socket?.end();
  }

  /** Ends the connection at once, with a reset where unread bytes are left. */
  destroy(): void {
    this.#socket?.terminate();
  }

  /** Takes one HTTP response off the front of what was received, waiting until it is whole. */
  async takeHttpResponse(deadlineMs = defaultDeadlineMs): Promise<RawHttpResponse> {
    return await this.waitFor("an HTTP response", () => this.#takeHttpResponseIfWhole(), deadlineMs);
  }

  /** Resolves once the peer has closed. */
  async waitForClose(deadlineMs = defaultDeadlineMs): Promise<void> {
    await this.waitFor("the end of the connection", () => (this.#isClosed ? true : null), deadlineMs);
  }

  /** Resolves with what `attempt` returns as soon as it is not null; it is tried after every event. */
  waitFor<T>(what: string, attempt: () => T | null, deadlineMs = defaultDeadlineMs): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        action();
      };
      const wake = () => {
        const result = attempt();
        if (result !== null) settle(() => resolve(result));
        else if (this.#isClosed)
          settle(() => reject(new Error(`the connection closed before ${what} arrived`)));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${what} did not arrive within ${deadlineMs} ms`))),
        deadlineMs,
      );
      this.#wakers.add(wake);
      wake();
    });
  }

  #onData(bytes: Uint8Array): void {
    if (this.#consume === null) this.#received = concatenate([this.#received, bytes]);
    else this.#consume(bytes);
    this.#wakeAll();
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#resolveClosed();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  #flush(): void {
    if (this.#socket === null || this.#isClosed || this.#unsent.length === 0) return;
    const written = this.#socket.write(this.#unsent);
    if (written > 0) this.#unsent = this.#unsent.subarray(written);
  }

  #takeHttpResponseIfWhole(): RawHttpResponse | null {
    const end = Buffer.from(this.#received).indexOf(headerEnd);
    if (end < 0) return null;
    const [statusLine = "", ...headerLines] = decodeLatin1(this.#received.subarray(0, end)).split("\r\n");
    const status = Number(statusLine.split(" ")[1]);
    const headers = new Headers(headerLines.map((line) => splitHeader(line)));
    const bodyBytes = this.#received.subarray(end + headerEnd.length);
    const body = readBody(status, headers, bodyBytes, this.#isClosed);
    if (body === null) return null;
    this.#received = bodyBytes.slice(body.size);
    return { status, headers, body: new TextDecoder().decode(body.bytes) };
  }
}

function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

/** The body and how many bytes it took on the wire; null while it is not whole. */
function readBody(
  status: number,
  headers: Headers,
  bytes: Uint8Array,
  peerClosed: boolean,
): { bytes: Uint8Array; size: number } | null {
  if (status === 101 || status === 204 || status === 304) return { bytes: new Uint8Array(0), size: 0 };
  const contentLength = headers.get("content-length");
  if (contentLength !== null) {
    const size = Number(contentLength);
    return bytes.length < size ? null : { bytes: bytes.subarray(0, size), size };
  }
  if (headers.get("transfer-encoding") === "chunked") return readChunkedBody(bytes);
  return peerClosed ? { bytes, size: bytes.length } : null;
}

function readChunkedBody(bytes: Uint8Array): { bytes: Uint8Array; size: number } | null {
  const chunks: Uint8Array[] = [];
  let position = 0;
  for (;;) {
    const lineEnd = Buffer.from(bytes).indexOf("\r\n", position);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(decodeLatin1(bytes.subarray(position, lineEnd)), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return null;
    position = start + size + 2;
    if (size === 0) return { bytes: concatenate(chunks), size: position };
    chunks.push(bytes.subarray(start, start + size));
  }
}
