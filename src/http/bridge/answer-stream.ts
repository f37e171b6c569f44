import { heartbeatComment } from "../../protocol/event-stream.ts";

const encoder = new TextEncoder();

/** The answers to one request on their way to the caller, as Server-Sent Events. */
export class AnswerStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #ended = false;
  readonly #bytesMax: number;
  readonly #heartbeat: NodeJS.Timeout;
  #onGone: () => void = () => {};

  /** `bytesMax`: what a caller may be behind before it is given up. */
  constructor(bytesMax: number, heartbeatMs: number) {
    this.#bytesMax = bytesMax;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#gone(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
    this.#heartbeat = setInterval(() => this.#write(heartbeatComment), heartbeatMs);
    this.#heartbeat.unref();
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
