import { type Clock, Timer } from "./clock.ts";
import { FanfareError } from "./errors.ts";
import type { AnswerFrame } from "./frames.ts";
import { executeOverHttp, type HttpOptions } from "./http-commands.ts";
import type { Settings } from "./options.ts";
import type { Fetch } from "./platform.ts";
import type { Command } from "./transport.ts";

/** Sends commands by REST: publications one after another, so that they keep their order; reads beside them. */
export class HttpSender {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #publishTimeoutMs: number;
  readonly #requestTimeoutMs: number;
  readonly #answer: (frame: AnswerFrame) => void;
  readonly #underWay = new Set<AbortController>();
  readonly #waiting = new Map<number, Command>();
  #publishing = false;
  #closed = false;

  constructor(fetch: Fetch, token: string | null, settings: Settings, answer: (frame: AnswerFrame) => void) {
    // With a token the server knows who is speaking; without one it takes the caller's word.
    const sender = token === null ? (settings.userId ?? settings.name) : null;
    this.#options = { fetch, baseUrl: settings.httpUrl, token, sender };
    this.#clock = settings.clock;
    this.#publishTimeoutMs = settings.ackTimeoutMs;
    this.#requestTimeoutMs = settings.requestTimeoutMs;
    this.#answer = answer;
  }

  /** Answered later by a frame with the same id. */
  send(id: number, command: Command): void {
    if (command.type !== "publish") {
      void this.#execute(id, command, this.#requestTimeoutMs);
      return;
    }
    this.#waiting.set(id, command);
    if (!this.#publishing) void this.#publishAll();
  }

  /** Nothing is answered any more. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    for (const abort of this.#underWay) abort.abort();
  }

  async #publishAll(): Promise<void> {
    this.#publishing = true;
    for (const [id, command] of this.#waiting) {
      this.#waiting.delete(id);
      await this.#execute(id, command, this.#publishTimeoutMs);
    }
    this.#publishing = false;
  }

  async #execute(id: number, command: Command, timeoutMs: number): Promise<void> {
    const abort = new AbortController();
    const timer = new Timer(this.#clock, () => abort.abort());
    timer.start(timeoutMs);
    this.#underWay.add(abort);
    const frame = await executeOverHttp(id, command, this.#options, abort.signal).catch((error: unknown) =>
      errorFrame(id, error),
    );
    timer.stop();
    this.#underWay.delete(abort);
    if (!this.#closed) this.#answer(frame);
  }
}

function errorFrame(id: number, error: unknown): AnswerFrame {
  const code = error instanceof FanfareError ? error.code : "internal";
  return { type: "error", id, code, message: error instanceof Error ? error.message : String(error) };
}
