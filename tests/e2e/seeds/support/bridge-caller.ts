import { until } from "../../../support/until.ts";
import type { WebSocketClient } from "../../../support/websocket-client.ts";

/** One Server-Sent Event as it came. */
export interface StreamedEvent {
  /** `event:` */
  readonly type: string;
  /** `id:`; null where there was none. */
  readonly id: string | null;
  /** `data:`, read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
  readonly data: any;
}

/** How an answer that streams came to its end. */
export type StreamEnd = "complete" | "broken";

/** An answer of Server-Sent Events, read as it comes. */
export class EventReader {
  readonly events: StreamedEvent[] = [];
  /** Comments, such as heartbeats, so far. */
  comments = 0;
  readonly response: Response;
  readonly ended: Promise<StreamEnd>;
  #end: StreamEnd | null = null;
  #taken = 0;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.ended = this.#read();
  }

  static async open(url: string, init: RequestInit = {}): Promise<EventReader> {
    const abort = new AbortController();
    return new EventReader(await fetch(url, { ...init, signal: abort.signal }), abort);
  }

  /** The next event that was not taken yet; one of `type` where that is given, skipping others. */
  async next(type?: string): Promise<StreamedEvent> {
    let found: StreamedEvent | undefined;
    const find = () => {
      while (found === undefined && this.#taken < this.events.length) {
        const event = this.events[this.#taken++]!;
        if (type === undefined || event.type === type) found = event;
      }
      return found !== undefined || this.#end !== null;
    };
    await until(find, 5000, `an event ${type ?? ""}`);
    if (found === undefined) throw new Error(`no event ${type ?? ""} before the stream's end (${this.#end})`);
    return found;
  }

  /** All events, once the stream has ended in good order. */
  async all(): Promise<readonly StreamedEvent[]> {
    const end = await this.ended;
    if (end !== "complete") throw new Error("the stream broke off");
    return this.events;
  }

  /** Goes away. */
  abort(): void {
    this.#abort.abort();
  }

  async #read(): Promise<StreamEnd> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of this.response.body ?? []) {
        const blocks = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) this.#take(block);
      }
      this.#end = text === "" ? "complete" : "broken";
    } catch {
      this.#end = "broken";
    }
    return this.#end;
  }

  #take(block: string): void {
    const lines = block.split("\n");
    const field = (name: string) =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
    const data = field("data");
    if (data !== null)
      this.events.push({ type: field("event") ?? "message", id: field("id"), data: JSON.parse(data) });
    if (lines.some((line) => line.startsWith(":"))) this.comments++;
  }
}

/** A service that speaks to the bridge as the S2 server's own callers do. */
export class BridgeCaller {
  constructor(
    readonly url: string,
    readonly paths = { push: "/sse/push", batch: "/sse/push/batch", send: "/sse/send" },
  ) {}

  /** POSTs to one of the three addresses; text and bytes are sent as they are. */
  async post(to: "push" | "batch" | "send", body: unknown): Promise<Response> {
    return await fetch(this.url + this.paths[to], this.#init(body));
  }

  /** The status and body of what is answered at once. */
  async answer(to: "push" | "batch" | "send", body: unknown): Promise<Answer> {
    const response = await this.post(to, body);
    return { status: response.status, body: await response.json() };
  }

  push(body: unknown): Promise<Answer> {
    return this.answer("push", body);
  }

  batch(body: unknown): Promise<Answer> {
    return this.answer("batch", body);
  }

  /** Asks; resolves once the answer has begun. */
  async send(body: unknown): Promise<EventReader> {
    return await EventReader.open(this.url + this.paths.send, this.#init(body));
  }

  /** The topic that is a user's own, as the server tells; null: there is none. */
  async topicOf(userId: string): Promise<{ offset: number; epoch: string } | null> {
    const response = await fetch(`${this.url}/topics/user:${userId}`);
    return response.status === 404 ? null : ((await response.json()) as { offset: number; epoch: string });
  }

  #init(body: unknown): RequestInit {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    return {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: isRaw ? (body as string) : JSON.stringify(body),
    };
  }
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
  readonly body: any;
}

let responses = 0;

/** Responds; the code with which that was refused, null if it was taken: what is taken is not answered. */
export async function tryToRespond(
  client: WebSocketClient,
  correlation_id: string,
  data: unknown,
): Promise<string | null> {
  const id = `response-${++responses}`;
  client.send({ type: "response", correlation_id, data, id });
  client.send({ type: "ping", id });
  const first = await client.next((frame) => frame.id === id);
  if (first.type === "pong") return null;
  await client.next((frame) => frame.id === id);
  return first.code;
}

/** Runs the real curl; its standard output. */
export async function curl(...options: string[]): Promise<string> {
  const child = Bun.spawn(["curl", "--silent", "--show-error", "--max-time", "5", ...options], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = await new Response(child.stdout).text();
  const complaints = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(complaints);
  return output;
}
