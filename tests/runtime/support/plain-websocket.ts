import { RawConnection } from "../../support/raw-connection.ts";
import {
  type CloseFrame,
  type DecodedFrame,
  decodeClosePayload,
  encodeFrame,
  FrameDecoder,
  Opcode,
} from "../../support/raw-frame.ts";
import { addressOf, buildRequest, handshakeHeaders } from "../../support/raw-websocket.ts";

/**
 * A WebSocket client over raw TCP for payloads that are no JSON. It does nothing by itself: it reads when
 * it is told to and answers neither a ping nor a close.
 */
export class PlainWebSocket {
  readonly frames: DecodedFrame[] = [];
  readonly connection: RawConnection;
  readonly handshakeHeaders: Headers;
  readonly #decoder = new FrameDecoder();

  private constructor(connection: RawConnection, headers: Headers) {
    this.connection = connection;
    this.handshakeHeaders = headers;
    connection.handOver((bytes) => {
      this.frames.push(...this.#decoder.push(bytes));
    });
  }

  /** @param url where the server is, as "http://127.0.0.1:8000". */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<PlainWebSocket> {
    const address = addressOf(url);
    const connection = await RawConnection.connect(address);
    connection.write(buildRequest("GET / HTTP/1.1", { ...handshakeHeaders(address), ...headers }));
    const response = await connection.takeHttpResponse();
    if (response.status !== 101) throw new Error(`the upgrade was answered ${response.status}`);
    return new PlainWebSocket(connection, response.headers);
  }

  /** Payloads of the text frames so far. */
  get texts(): string[] {
    return this.frames
      .filter((frame) => frame.opcode === Opcode.text)
      .map((frame) => new TextDecoder().decode(frame.payload));
  }

  sendText(text: string): void {
    this.connection.write(encodeFrame({ opcode: Opcode.text, payload: text }));
  }

  /** Resolves when the server has ended the connection: its close frame, or null where it sent none. */
  async waitForEnd(): Promise<CloseFrame | null> {
    await this.connection.waitForClose();
    const frame = this.frames.find((candidate) => candidate.opcode === Opcode.close);
    return frame === undefined ? null : decodeClosePayload(frame.payload);
  }
}
