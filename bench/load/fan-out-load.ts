import type { Socket } from "bun";
import { clientPong, clientTextFrame } from "./client-frame.ts";
import { ClosedLoop, type LoopResult } from "./closed-loop.ts";
import { EventCounter } from "./event-counter.ts";
import { FrameCounter } from "./frame-counter.ts";
import { eventStreamRequest, openMany, openRawRequest, upgradeRequest } from "./raw-request.ts";

export type Transport = "websocket" | "event-stream";

export interface FanOutOptions {
  readonly port: number;
  readonly transport: Transport;
  readonly subscribers: number;
  /** The most that `run` will be asked for. */
  readonly inFlightMax: number;
  /** What every connection adds to its query. */
  readonly query: string;
}

const topic = "bench";
const message = "m".repeat(64);
const command = clientTextFrame(JSON.stringify({ type: "publish", id: 1, topic, message }));
const setupTimeoutMs = 20_000;
const quietMs = 200;

/** Subscribers of one topic over either transport, and one WebSocket that publishes to it. */
export class FanOutLoad implements AsyncDisposable {
  readonly #options: FanOutOptions;
  readonly #loop: ClosedLoop;
  readonly #counters: { push(bytes: Buffer): number }[];
  readonly #commands: Buffer;
  readonly #answers = new FrameCounter(() => this.#publisher.write(clientPong));
  #subscribers: Socket[] = [];
  #publisher!: Socket;
  /** Null once everybody is connected and counting has begun. */
  #greeted: Set<number> | null = new Set();
  #lastBytesAt = 0;
  /** What the first subscriber and the publisher receive while it is looked at. */
  #captured: { publication: string; answer: string } | null = null;
  #closing = false;

  private constructor(options: FanOutOptions) {
    this.#options = options;
    this.#commands = Buffer.concat(new Array<Buffer>(options.inFlightMax).fill(command));
    this.#loop = new ClosedLoop(options.subscribers, options.inFlightMax, (count) => this.#publish(count));
    this.#counters = Array.from({ length: options.subscribers }, (_, index) =>
      options.transport === "websocket"
        ? new FrameCounter(() => this.#subscribers[index]?.write(clientPong))
        : new EventCounter(),
    );
  }

  /** Resolves when all are connected, greeted and quiet. */
  static async open(options: FanOutOptions): Promise<FanOutLoad> {
    const load = new FanOutLoad(options);
    await load.#connect();
    return load;
  }

  run(inFlight: number, durationMs: number): Promise<LoopResult> {
    return this.#loop.run(inFlight, durationMs);
  }

  pace(perSecond: number, durationMs: number): Promise<LoopResult> {
    return this.#loop.pace(perSecond, durationMs);
  }

  /** One publication and its answer as they arrive, with what differs from run to run blotted out. */
  async shape(): Promise<string> {
    const captured = { publication: "", answer: "" };
    this.#captured = captured;
    await this.run(1, 0);
    const deadline = performance.now() + setupTimeoutMs;
    while (!captured.answer.includes("}")) {
      if (performance.now() > deadline) throw new Error("no publication was acknowledged");
      await Bun.sleep(5);
    }
    this.#captured = null;
    return `${publicationShape(captured.publication)} ${answerShape(captured.answer)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const socket of [...this.#subscribers, this.#publisher]) socket.terminate();
    await Bun.sleep(quietMs);
  }

  async #connect(): Promise<void> {
    const { port, transport, subscribers, query } = this.#options;
    const request =
      transport === "websocket"
        ? upgradeRequest(`/ws?topics=bench${query}`)
        : eventStreamRequest(`/events?topic=bench${query}`);
    const onEnd = () => {
      if (!this.#closing) this.#loop.fail(new Error("the server closed a connection"));
    };
    this.#publisher = await openRawRequest(
      {
        port,
        text: upgradeRequest(`/ws?topics=${query}`),
        onBytes: (bytes) => {
          this.#answers.push(bytes);
          if (this.#captured !== null) this.#captured.answer += bytes.toString("latin1");
        },
        onEnd,
      },
      101,
    );
    this.#subscribers = await openMany(subscribers, (index) => {
      const onBytes = (bytes: Buffer) => this.#onBytes(index, bytes);
      return openRawRequest({ port, text: request, onBytes, onEnd }, transport === "websocket" ? 101 : 200);
    });
    const deadline = performance.now() + setupTimeoutMs;
    while (this.#greeted!.size < subscribers || performance.now() - this.#lastBytesAt < quietMs) {
      if (performance.now() > deadline)
        throw new Error(`${this.#greeted!.size} of ${subscribers} were greeted`);
      await Bun.sleep(10);
    }
    this.#greeted = null;
  }

  #onBytes(subscriber: number, bytes: Buffer): void {
    const count = this.#counters[subscriber]!.push(bytes);
    if (this.#greeted === null) {
      if (subscriber === 0 && this.#captured !== null) this.#captured.publication += bytes.toString("latin1");
      if (count > 0) this.#loop.received(subscriber, count);
    } else {
      this.#lastBytesAt = performance.now();
      if (count > 0) this.#greeted.add(subscriber);
    }
  }

  #publish(count: number): void {
    const bytes = count * command.length;
    if (this.#publisher.write(this.#commands.subarray(0, bytes)) !== bytes) {
      this.#loop.fail(new Error("the publisher's socket did not take all at once"));
    }
  }
}

/** Numbers keep one digit: they grow while the benchmark runs. */
const withoutNumbers = (text: string): string => text.replaceAll(/:\d+/g, ":0");

const publicationShape = (captured: string): string => {
  const text = /(event: [^\n]*\nid: [^\n]*\ndata: )?\{"type":[^}]*\}/.exec(captured)?.[0] ?? captured;
  return withoutNumbers(text)
    .replace(/"guest-[\w-]{6}"/, '"guest-……"')
    .replace(/id: c1\.[\w-]{8}~[\w-]{12}~\w+/, "id: cursor");
};

const answerShape = (captured: string): string => {
  const text = /\{"type":"ack"[^}]*\}/.exec(captured)?.[0] ?? captured;
  return withoutNumbers(text).replace(/"epoch":"[\w-]{12,14}"/, '"epoch":"…"');
};
