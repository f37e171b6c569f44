import type { CloseFrame } from "./raw-frame.ts";
import { type JsonFrame, RawWebSocket } from "./raw-websocket.ts";

/**
 * A subscriber that can stop reading its socket, as a phone out of coverage does. While it does not read,
 * what the server sends fills the kernel's buffers on both sides first (several MB on the loopback device)
 * and only then the server's own, whose limit is what evicts it. It learns of its eviction when it reads on:
 * first come the frames the kernel still held, then the end without a close frame. Pings that it does not
 * read it does not answer either, so that a server may also give it up for that.
 */
export class SlowReader {
  readonly #socket: RawWebSocket;

  private constructor(socket: RawWebSocket) {
    this.#socket = socket;
  }

  /**
   * Resolves once welcomed, subscribed and still reading.
   * @param path path and query, as "/ws?topics=a,b".
   */
  static async open(url: string, path: string): Promise<SlowReader> {
    const socket = await RawWebSocket.open(url, { path, answerPings: true });
    await socket.waitForJson("welcome", ({ type }) => type === "welcome");
    return new SlowReader(socket);
  }

  stopReading(): void {
    this.#socket.connection.pauseReading();
  }

  readOn(): void {
    this.#socket.connection.resumeReading();
  }

  /** Every JSON frame read so far, oldest first. */
  get frames(): readonly JsonFrame[] {
    return this.#socket.jsonFrames;
  }

  /** The publications read so far. */
  get publications(): readonly JsonFrame[] {
    return this.frames.filter((frame) => "topic" in frame && "ts" in frame);
  }

  get hasEnded(): boolean {
    return this.#socket.connection.isClosed;
  }

  /** Reads on until the server's end of the connection; null where it came without a close frame (1006). */
  async readToEnd(deadlineMs?: number): Promise<CloseFrame | null> {
    this.readOn();
    return await this.#socket.waitForEnd(deadlineMs);
  }

  destroy(): void {
    this.#socket.connection.destroy();
  }
}
