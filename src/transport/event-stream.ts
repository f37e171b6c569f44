import type { Admittee } from "../auth/admitted.ts";
import { type Identity, openIdentity } from "../auth/identity.ts";
import { Failure } from "../core/failure.ts";
import type { Timer } from "../core/ports.ts";
import type { Admit, Subscriber } from "../hub/ports.ts";
import { encodeError } from "../protocol/encode.ts";
import { encodeEvent } from "../protocol/event-stream.ts";
import type { UserConnection } from "../session/user-registry.ts";
import type { StreamGroup } from "./event-stream-group.ts";

/** Index of the SSE wire format among the hub's fan-outs. */
export const eventStreamFormat = 1;

/** Bytes that a stream holds ready before it counts as behind. */
const readyBytes = 64 * 1024;

const encoder = new TextEncoder();

const expired = new Failure(
  "unauthorized",
  "The token or key that this stream was opened with counts no more.",
);

/** One SSE connection: a stream of bytes with a bound on what its reader has yet to take. */
export class EventStream implements Subscriber, UserConnection {
  readonly format = eventStreamFormat;
  readonly transport = "sse";
  readonly id: string;
  readonly userId: string | null;
  readonly openedAt: number;
  readonly body: ReadableStream<Uint8Array>;
  /** The topics it reads or waits for. */
  readonly topics = new Set<string>();
  /** Those among them that it has been told of. */
  readonly joined = new Set<string>();
  /** Where it gets what is published; none before it is open. */
  group: StreamGroup | null = null;
  /** Bytes that it may be replayed of topics for which it had to wait, less what its reader has yet to take. */
  replayBytesMax = 0;
  /** The cursor of its events while it has joined no topic. */
  startCursor = "";
  /** Set while it is being watched for being too slow. */
  watch: Timer | null = null;
  /** Whom it is counted for among those who connect. */
  client: string | null = null;
  /** Why this server ended it, if it did. */
  evictedFor: "backpressure" | "forbidden" | "drained" | "shed" | "unauthorized" | null = null;
  /** Who reads it. */
  reader: Identity = openIdentity;
  /** What it ends with; null: with nothing that was proved. */
  admittee: Admittee | null = null;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #ended = false;
  /** What it is to be told behind its first event; null: nothing. */
  #untold: [type: string, frame: string][] | null = null;
  readonly #onEnd: (stream: EventStream) => void;
  readonly #onTold: (stream: EventStream) => void;

  /** `onEnd` is called once, whoever ended it; `onTold` after each `tell`, to look whether its reader keeps up. */
  constructor(
    id: string,
    userId: string | null,
    openedAt: number,
    onEnd: (stream: EventStream) => void,
    onTold: (stream: EventStream) => void = () => {},
  ) {
    this.id = id;
    this.userId = userId;
    this.openedAt = openedAt;
    this.#onEnd = onEnd;
    this.#onTold = onTold;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: readyBytes }),
    );
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Its first event is still to come. */
  get isOpening(): boolean {
    return this.group === null && !this.#ended;
  }

  /** Where its reader is, by what it was sent. */
  get cursor(): string {
    return this.group?.sentCursor || this.startCursor;
  }

  /** Bytes that its reader has yet to take. */
  bufferedBytes(): number {
    return readyBytes - (this.#controller.desiredSize ?? readyBytes);
  }

  tell(type: string, frame: string): void {
    if (this.#ended) return;
    if (this.isOpening) {
      this.#untold ??= [];
      this.#untold.push([type, frame]);
      return;
    }
    this.send(encodeEvent(type, this.cursor, frame));
    this.#onTold(this);
  }

  whenReady(admit: Admit): void {
    admit(Math.max(0, this.replayBytesMax - this.bufferedBytes()));
  }

  /** Its first event was sent. */
  opened(): void {
    const untold = this.#untold ?? [];
    this.#untold = null;
    for (const [type, frame] of untold) this.tell(type, frame);
  }

  send(text: string): void {
    this.sendChunk(encoder.encode(text));
  }

  /** The chunk is not copied: all readers of one topic set share it. */
  sendChunk(chunk: Uint8Array): void {
    if (!this.#ended) this.#controller.enqueue(chunk);
  }

  /** Ends it after what was sent, and what its group was about to send. */
  finish(): void {
    if (this.#ended) return;
    const waiting = this.group?.peek() ?? null;
    if (waiting !== null) this.sendChunk(waiting);
    this.#end();
    this.#controller.close();
  }

  /** Ends it at once; what its reader has not taken is dropped, and it sees a broken connection. */
  abort(): void {
    if (this.#ended) return;
    this.#end();
    this.#controller.error(new Error("the reader was too slow"));
  }

  /** What its reader proved counts no more. */
  expire(): void {
    if (this.#ended) return;
    this.evictedFor = "unauthorized";
    const { code, message } = expired;
    this.send(encodeEvent("error", this.cursor, encodeError(undefined, code, message)));
    this.finish();
  }

  leave(): void {
    this.evictedFor = "drained";
    this.finish();
  }

  /** For load; with `dropsBuffer` what its reader has yet to take is dropped. */
  shed(dropsBuffer: boolean): void {
    if (this.#ended) return;
    this.evictedFor = "shed";
    if (dropsBuffer) this.abort();
    else this.finish();
  }

  disconnect(): void {
    this.evictedFor = "forbidden";
    this.finish();
  }

  addTopic(): boolean {
    return false;
  }

  removeTopic(): boolean {
    return false;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.watch?.cancel();
    this.#onEnd(this);
  }
}
