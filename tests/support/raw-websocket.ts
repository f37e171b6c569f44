import { type Address, defaultDeadlineMs, RawConnection, type RawHttpResponse } from "./raw-connection.ts";
import {
  type CloseFrame,
  type DecodedFrame,
  decodeClosePayload,
  encodeClosePayload,
  encodeFrame,
  FrameDecoder,
  Opcode,
} from "./raw-frame.ts";

/** Any JSON object that the server sends in a text frame. */
export type JsonFrame = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface RawWebSocketOptions {
  /** Path and query. Default "/ws". */
  readonly path?: string;
  /** Added to the handshake; a value of null leaves one of the usual headers out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Answers the server's pings, as every client library does; without it a long test ends with 4408. */
  readonly answerPings?: boolean;
}

const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ==";
/** The answer to the key above, as section 1.3 of RFC 6455 computes it. */
const handshakeAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The text of a request: its line, its headers in the order given, and further lines as they are. */
export function buildRequest(
  requestLine: string,
  headers: Readonly<Record<string, string | null>>,
  moreLines: readonly string[] = [],
): string {
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  return `${[requestLine, ...lines, ...moreLines].join("\r\n")}\r\n\r\n`;
}

/** The headers of a valid WebSocket handshake. */
export function handshakeHeaders(address: Address): Record<string, string> {
  return {
    Host: `${address.hostname}:${address.port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": handshakeKey,
    "Sec-WebSocket-Version": "13",
  };
}

export function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { hostname, port: Number(port) };
}

/**
 * A WebSocket client over raw TCP which does nothing by itself: it never answers a close, nor a ping unless
 * asked to, and sends exactly the bytes it is told to.
 */
export class RawWebSocket {
  readonly connection: RawConnection;
  readonly handshake: RawHttpResponse;
  /** Every frame received, oldest first. */
  readonly frames: DecodedFrame[] = [];
  /** The JSON objects received in text frames, oldest first. */
  readonly jsonFrames: JsonFrame[] = [];
  readonly #answerPings: boolean;
  readonly #decoder = new FrameDecoder();

  private constructor(connection: RawConnection, handshake: RawHttpResponse, answerPings: boolean) {
    this.connection = connection;
    this.handshake = handshake;
    this.#answerPings = answerPings;
    connection.handOver((bytes) => {
      for (const frame of this.#decoder.push(bytes)) this.#keep(frame);
    });
  }

  /**
   * @param url where the server is, as "http://127.0.0.1:8000".
   * @throws Error when the server does not switch protocols or computes the wrong accept value.
   */
  static async open(url: string, options: RawWebSocketOptions = {}): Promise<RawWebSocket> {
    const address = addressOf(url);
    const connection = await RawConnection.connect(address);
    const headers = { ...handshakeHeaders(address), ...options.headers };
    connection.write(buildRequest(`GET ${options.path ?? "/ws"} HTTP/1.1`, headers));
    const response = await connection.takeHttpResponse();
    const accepted = response.headers.get("sec-websocket-accept");
    if (
      response.status !== 101 ||
      (headers["Sec-WebSocket-Key"] === handshakeKey && accepted !== handshakeAccept)
    ) {
      connection.destroy();
      throw new Error(`the upgrade was answered ${response.status} ${response.body}`);
    }
    return new RawWebSocket(connection, response, options.answerPings ?? false);
  }

  /** What the server's close frame says; null while there is none. */
  get closeFrame(): CloseFrame | null {
    const frame = this.frames.find((candidate) => candidate.opcode === Opcode.close);
    return frame === undefined ? null : decodeClosePayload(frame.payload);
  }

  send(bytes: Uint8Array): void {
    this.connection.write(bytes);
  }

  sendText(text: string): void {
    this.send(encodeFrame({ opcode: Opcode.text, payload: text }));
  }

  sendJson(value: unknown): void {
    this.sendText(JSON.stringify(value));
  }

  async waitForFrame(
    what: string,
    matches: (frame: DecodedFrame) => boolean,
    deadlineMs = defaultDeadlineMs,
  ): Promise<DecodedFrame> {
    return await this.connection.waitFor(what, () => this.frames.find(matches) ?? null, deadlineMs);
  }

  async waitForJson(
    what: string,
    matches: (frame: JsonFrame) => boolean,
    deadlineMs = defaultDeadlineMs,
  ): Promise<JsonFrame> {
    return await this.connection.waitFor(what, () => this.jsonFrames.find(matches) ?? null, deadlineMs);
  }

  /** Resolves when the server has ended the TCP connection; its close frame, or null where it sent none. */
  async waitForEnd(deadlineMs = defaultDeadlineMs): Promise<CloseFrame | null> {
    await this.connection.waitForClose(deadlineMs);
    return this.closeFrame;
  }

  /** Closes as the RFC asks, and gives up politeness when the server does not answer. */
  async close(code = 1000): Promise<void> {
    if (this.connection.isClosed) return;
    this.send(encodeFrame({ opcode: Opcode.close, payload: encodeClosePayload(code) }));
    try {
      await this.connection.waitForClose(1_000);
    } catch {
      this.connection.destroy();
    }
  }

  #keep(frame: DecodedFrame): void {
    this.frames.push(frame);
    if (frame.opcode === Opcode.ping && this.#answerPings) {
      this.send(encodeFrame({ opcode: Opcode.pong, payload: frame.payload }));
    }
    if (frame.opcode !== Opcode.text) return;
    this.jsonFrames.push(JSON.parse(new TextDecoder().decode(frame.payload)) as JsonFrame);
  }
}
