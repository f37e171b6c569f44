/** A frame from the server, as parsed JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
export type Frame = Record<string, any>;

interface Expectation {
  readonly matches: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

const patienceMs = 5000;

/** A real WebSocket client for tests: frames are kept until a test asks for them. */
export class WebSocketClient {
  readonly socket: WebSocket;
  /** Every frame received so far. */
  readonly received: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #unread: Frame[] = [];
  readonly #expectations: Expectation[] = [];
  #ended = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", (event) => this.#take(JSON.parse(String(event.data))));
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", (event) => {
        this.#ended = true;
        for (const expectation of this.#expectations.splice(0)) {
          expectation.reject(new Error(`closed with ${event.code} while waiting for a frame`));
        }
        resolve({ code: event.code, reason: event.reason });
      });
    });
  }

  /** Connects to `/ws` of a server at an `http:` address; `query` without the question mark. */
  static async open(url: string, query = "", headers?: Record<string, string>): Promise<WebSocketClient> {
    const address = `${url.replace(/^http/, "ws")}/ws${query === "" ? "" : `?${query}`}`;
    const socket = headers === undefined ? new WebSocket(address) : new WebSocket(address, { headers });
    const client = new WebSocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`could not connect to ${address}`)));
    });
    return client;
  }

  /** Connects and takes the welcome. */
  static async welcomed(url: string, query = ""): Promise<WebSocketClient & { welcome: Frame }> {
    const client = await WebSocketClient.open(url, query);
    const welcome = await client.next("welcome");
    return Object.assign(client, { welcome });
  }

  send(frame: Frame | string): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The next unread frame of a type, or one that a predicate takes; earlier ones stay unread. */
  async next(wanted: string | ((frame: Frame) => boolean), patience = patienceMs): Promise<Frame> {
    const matches = typeof wanted === "string" ? (frame: Frame) => frame.type === wanted : wanted;
    const index = this.#unread.findIndex(matches);
    if (index >= 0) return this.#unread.splice(index, 1)[0]!;
    if (this.#ended) throw new Error(`closed; no frame that is ${wanted}`);
    return await new Promise<Frame>((resolve, reject) => {
      const expectation = { matches, resolve, reject };
      this.#expectations.push(expectation);
      setTimeout(() => {
        const at = this.#expectations.indexOf(expectation);
        if (at < 0) return;
        this.#expectations.splice(at, 1);
        const seen = this.#unread.map((frame) => JSON.stringify(frame).slice(0, 120)).join("\n");
        reject(new Error(`no frame that is ${wanted} within ${patience} ms; unread:\n${seen}`));
      }, patience).unref();
    });
  }

  /** Sends a command with a new id and waits for what answers it. */
  async request(command: Frame): Promise<Frame> {
    const id = command.id ?? `request-${++requests}`;
    this.send({ ...command, id });
    return await this.next((frame) => frame.id === id);
  }

  /** Frames not asked for yet. */
  get unread(): readonly Frame[] {
    return this.#unread;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #take(frame: Frame): void {
    this.received.push(frame);
    const index = this.#expectations.findIndex((expectation) => expectation.matches(frame));
    if (index < 0) this.#unread.push(frame);
    else this.#expectations.splice(index, 1)[0]!.resolve(frame);
  }
}

let requests = 0;
