import { type JsonFrame, RawWebSocket } from "../../support/raw-websocket.ts";

/**
 * A healthy subscriber of `chat` that outlives every case and speaks after each: that it is heard shows that
 * the server lives on, and what it received before its own text is all that the case brought about.
 */
export class Witness {
  readonly #socket: RawWebSocket;
  #probes = 0;
  #judged = 0;

  private constructor(socket: RawWebSocket) {
    this.#socket = socket;
  }

  /** @param url where the server is, as "http://127.0.0.1:8000". */
  static async open(url: string): Promise<Witness> {
    const socket = await RawWebSocket.open(url, { path: "/ws?topics=chat", answerPings: true });
    await socket.waitForJson("welcome", ({ type }) => type === "welcome");
    return new Witness(socket);
  }

  /** The publications since the last call; resolves when a text of its own has come back behind them. */
  async publicationsSinceLastProbe(): Promise<JsonFrame[]> {
    this.#probes += 1;
    const probe = `probe ${this.#probes}`;
    this.#socket.sendText(probe);
    await this.#socket.waitForJson(probe, (frame) => frame.message === probe);
    const publications = this.#publications;
    const fresh = publications.slice(this.#judged, -1);
    this.#judged = publications.length;
    return fresh;
  }

  /** The offsets of everything received so far. */
  get offsets(): unknown[] {
    return this.#publications.map(({ offset }) => offset);
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  get #publications(): JsonFrame[] {
    return this.#socket.jsonFrames.filter(isPublication);
  }
}

/** The wire format's own definition. */
export function isPublication(frame: JsonFrame): boolean {
  return "topic" in frame && "ts" in frame;
}
