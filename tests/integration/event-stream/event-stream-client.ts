// biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the wire format gives.
type Data = any;

export interface ServerSentEvent {
  readonly type: string;
  /** Null: the event has none. */
  readonly id: string | null;
  readonly data: Data;
}

interface Expectation {
  readonly matches: (event: ServerSentEvent) => boolean;
  readonly resolve: (event: ServerSentEvent) => void;
}

const patienceMs = 5000;

/** Reads an event stream as the standard says, over fetch; events are kept until a test asks for them. */
export class EventStreamClient {
  readonly response: Response;
  readonly events: ServerSentEvent[] = [];
  readonly comments: string[] = [];
  /** What `retry:` said last. */
  retryMs: number | null = null;
  /** Resolves when the stream ended: `end` if the server ended it properly, `cut` if it broke off. */
  readonly ended: Promise<"end" | "cut">;
  readonly #abort: AbortController;
  #unread: ServerSentEvent[] = [];
  #expectations: Expectation[] = [];
  #rest = "";

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.ended = this.#read();
  }

  static async open(
    url: string,
    query: string,
    headers: Record<string, string> = {},
  ): Promise<EventStreamClient> {
    const abort = new AbortController();
    const response = await fetch(`${url}/events?${query}`, { headers, signal: abort.signal });
    return new EventStreamClient(response, abort);
  }

  /** Opens a stream and takes its first event. */
  static async subscribed(url: string, query: string, headers: Record<string, string> = {}) {
    const client = await EventStreamClient.open(url, query, headers);
    return Object.assign(client, { first: await client.next("subscribed") });
  }

  /** The id that a browser would come back with. */
  get lastEventId(): string {
    return this.events.findLast(({ id }) => id !== null)?.id ?? "";
  }

  /** The next unread event of a type, or one that a predicate takes; earlier ones stay unread. */
  async next(wanted: string | ((event: ServerSentEvent) => boolean)): Promise<ServerSentEvent> {
    const matches = typeof wanted === "string" ? (event: ServerSentEvent) => event.type === wanted : wanted;
    const index = this.#unread.findIndex(matches);
    if (index >= 0) return this.#unread.splice(index, 1)[0]!;
    return await new Promise((resolve, reject) => {
      this.#expectations.push({ matches, resolve });
      const what = typeof wanted === "string" ? wanted : "the event";
      setTimeout(() => {
        const seen = this.events.map(({ type, data }) => `${type} ${JSON.stringify(data).slice(0, 100)}`);
        reject(new Error(`${what} did not come within ${patienceMs} ms, only:\n${seen.join("\n")}`));
      }, patienceMs).unref();
    });
  }

  /** The next publications of a topic. */
  async take(topic: string, count: number): Promise<ServerSentEvent[]> {
    const events: ServerSentEvent[] = [];
    while (events.length < count) {
      events.push(await this.next(({ data }) => data.topic === topic && "ts" in data));
    }
    return events;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  async #read(): Promise<"end" | "cut"> {
    try {
      const decoder = new TextDecoder();
      for await (const bytes of this.response.body ?? [])
        this.#parse(decoder.decode(bytes, { stream: true }));
      return "end";
    } catch {
      return "cut";
    }
  }

  #parse(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#takeBlock(block);
  }

  #takeBlock(block: string): void {
    let type = "message";
    let id: string | null = null;
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, "");
      if (name === "") this.comments.push(value);
      else if (name === "event") type = value;
      else if (name === "id") id = value;
      else if (name === "data") data.push(value);
      else if (name === "retry") this.retryMs = Number(value);
    }
    if (data.length > 0) this.#takeEvent({ type, id, data: JSON.parse(data.join("\n")) });
  }

  #takeEvent(event: ServerSentEvent): void {
    this.events.push(event);
    const index = this.#expectations.findIndex(({ matches }) => matches(event));
    if (index < 0) this.#unread.push(event);
    else this.#expectations.splice(index, 1)[0]!.resolve(event);
  }
}
