import { heartbeatComment } from "../../protocol/event-stream.ts";

const encoder = new TextEncoder();

/** The answers to one request on their way to the caller, as Server-Sent Events. */
export class AnswerStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #ended = false;
  readonly #bytesMax: number;
  #heartbeat: NodeJS.Timeout | undefined;
  #onGone: () => void = () => {};

  /** `bytesMax`: what a caller may be behind before it is given up. */
  constructor(bytesMax: number, heartbeatMs: number) {
    this.#bytesMax = bytesMax;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          // The runtime sends the status with the first byte, and the caller may wait long for an answer.
          controller.enqueue(encoder.encode(heartbeatComment));
        },
        // Not before somebody reads it: a stream that is given up before it was an answer would beat for ever.
        pull: () => this.#beat(heartbeatMs),
        cancel: () => this.#gone(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
  }

  /** Called once, when the caller went away before the end. */
  onGone(run: () => void): void {
    this.#onGone = run;
  }

  /** One event; `last`: nothing follows. */
  send(type: string, data: object, last: boolean): void {
    this.#write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    if (!last || this.#ended) return;
    this.#end();
    this.#controller.close();
  }

  #write(text: string): void {
    if (this.#ended) return;
    this.#controller.enqueue(encoder.encode(text));
    if (-(this.#controller.desiredSize ?? 0) <= this.#bytesMax) return;
    this.#controller.error(new Error("the caller does not read its answers"));
    this.#gone();
  }

  #beat(everyMs: number): void {
    if (this.#ended || this.#heartbeat !== undefined) return;
    this.#heartbeat = setInterval(() => this.#write(heartbeatComment), everyMs);
    this.#heartbeat.unref();
  }

  #gone(): void {
    if (this.#ended) return;
    this.#end();
    this.#onGone();
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
  }
}
