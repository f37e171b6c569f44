import { CLOSE_ABNORMAL, CLOSE_NO_PONG } from "./close-codes.ts";
import { decode, type Incoming } from "./frames.ts";
import { Liveness } from "./liveness.ts";
import type { Settings } from "./options.ts";
import type { WebSocketConstructor, WebSocketLike } from "./platform.ts";
import {
  type Command,
  REFRESH_ID,
  type TopicRequest,
  type Transport,
  type TransportEvents,
} from "./transport.ts";
import type { Welcome } from "./types.ts";

/** Of topic names up to 255 characters, far below the smallest frame limit a server would have. */
const TOPICS_PER_FRAME = 100;
/** Where the welcome does not say. */
const PING_INTERVAL_DEFAULT_SECONDS = 30;

const PROTOCOL = "fanfare.v1";
/** A page's WebSocket can send no header but this one; an address would end up in logs. */
const PROTOCOL_TOKEN_PREFIX = "fanfare.token.";
/** What the header can carry, as every JSON Web Token does. */
const PROTOCOL_TOKEN = /^[A-Za-z0-9_.~-]+$/;

export class WebSocketTransport implements Transport {
  readonly name = "websocket";
  readonly #url: string;
  readonly #protocols: string[];
  readonly #WebSocket: WebSocketConstructor;
  readonly #maxFrameBytes: number;
  readonly #events: TransportEvents;
  readonly #liveness: Liveness;
  #socket: WebSocketLike | null = null;
  #subscribeCount = 0;
  /** The topics of each `subscribe` frame that waits for answers. */
  readonly #asked = new Map<string, readonly TopicRequest[]>();
  /** The newest `subscribe` frame of each topic: an answer to an older one says nothing any more. */
  readonly #newestAsk = new Map<string, string>();

  constructor(
    WebSocket: WebSocketConstructor,
    token: string | null,
    settings: Settings,
    events: TransportEvents,
  ) {
    this.#WebSocket = WebSocket;
    const fits = token !== null && PROTOCOL_TOKEN.test(token);
    this.#protocols = fits ? [PROTOCOL, `${PROTOCOL_TOKEN_PREFIX}${token}`] : [PROTOCOL];
    this.#url = urlOf(settings, fits ? null : token);
    this.#maxFrameBytes = settings.maxFrameBytes;
    this.#events = events;
    this.#liveness = new Liveness({
      clock: settings.clock,
      answerTimeoutMs: settings.pongTimeoutMs,
      // Its id keeps the pong apart from those that the application waits for.
      ask: () => this.#write({ type: "ping", id: "alive" }),
      dead: () => {
        this.close();
        this.#events.closed({ code: CLOSE_NO_PONG, reason: "no pong", retryAfterMs: 0 });
      },
    });
  }

  open(): void {
    const socket = new this.#WebSocket(this.#url, this.#protocols);
    this.#socket = socket;
    const whileOurs = (act: () => void) => {
      if (this.#socket === socket) act();
    };
    socket.addEventListener("open", () => whileOurs(() => this.#events.opened()));
    // A close event follows every error event, and it is the one that says more.
    socket.addEventListener("error", () => {});
    socket.addEventListener("message", ({ data }) => whileOurs(() => this.#receive(data)));
    socket.addEventListener("close", ({ code, reason }) =>
      whileOurs(() => {
        this.#release();
        this.#events.closed({ code: code || CLOSE_ABNORMAL, reason, retryAfterMs: 0 });
      }),
    );
  }

  subscribe(requests: readonly TopicRequest[]): void {
    const fresh = requests.filter(({ since }) => since === null);
    for (let start = 0; start < fresh.length; start += TOPICS_PER_FRAME) {
      const batch = fresh.slice(start, start + TOPICS_PER_FRAME);
      const topics = batch.map(({ topic }) => topic);
      this.#ask(batch, topics.length === 1 ? { topic: topics[0] } : { topics });
    }
    for (const request of requests) {
      if (request.since !== null) this.#ask([request], { topic: request.topic, since: request.since });
    }
  }

  unsubscribe(topic: string): void {
    // Without an id, so that it has no answer: an `unsubscribed` is always the server's own doing.
    this.#write({ type: "unsubscribe", topic });
  }

  send(id: number, command: Command): void {
    const text = encode(id, command);
    if (isLongerThan(text, this.#maxFrameBytes)) {
      const message = `the command is longer than a frame may be (${this.#maxFrameBytes} bytes)`;
      this.#events.incoming({ kind: "frame", frame: { type: "error", id, code: "too_large", message } });
      return;
    }
    this.#socket?.send(text);
  }

  respond(correlationId: string, data: unknown, final: boolean): void {
    this.#write({ type: "response", correlation_id: correlationId, data, final });
  }

  refresh(token: string): void {
    this.#write({ type: "refresh", id: REFRESH_ID, token });
  }

  probe(): void {
    this.#liveness.probe();
  }

  close(): void {
    const socket = this.#socket;
    this.#release();
    try {
      socket?.close(1000);
    } catch {
      // Some platforms throw for a socket that is still connecting; it is let go of in any case.
    }
  }

  #release(): void {
    this.#socket = null;
    this.#liveness.stop();
  }

  #write(frame: Record<string, unknown>): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #ask(requests: readonly TopicRequest[], fields: Record<string, unknown>): void {
    this.#subscribeCount += 1;
    // Text, so that it never meets the numbers of the commands.
    const id = `s${this.#subscribeCount}`;
    this.#asked.set(id, requests);
    for (const { topic } of requests) this.#newestAsk.set(topic, id);
    this.#write({ type: "subscribe", id, ...fields });
  }

  #receive(data: unknown): void {
    this.#liveness.heard();
    if (typeof data !== "string") return;
    const incoming = decode(data);
    if (incoming === null) return;
    if (incoming.kind === "publication") {
      this.#events.incoming(incoming);
      return;
    }
    const { frame } = incoming;
    if (frame.type === "welcome") this.#watch(frame);
    const id = "id" in frame ? frame.id : undefined;
    if (typeof id !== "string" || id === REFRESH_ID) this.#events.incoming(incoming);
    else if (frame.type === "subscribed") this.#answered(id, frame.topic, incoming);
    else if (frame.type === "error") this.#refused(id, frame.topic, incoming);
    else this.#events.incoming(incoming);
  }

  #watch(welcome: Welcome): void {
    const seconds = Number(welcome.ping_interval) || PING_INTERVAL_DEFAULT_SECONDS;
    this.#liveness.start(2 * seconds * 1000);
  }

  #answered(id: string, topic: string, incoming: Incoming): void {
    const isNewest = this.#newestAsk.get(topic) === id;
    this.#settle(id, topic);
    if (isNewest) this.#events.incoming(incoming);
  }

  #refused(id: string, topic: string | undefined, incoming: Incoming): void {
    const asked = this.#asked.get(id) ?? [];
    const refused = topic ?? (asked.length === 1 ? asked[0]?.topic : undefined);
    if (refused === undefined) {
      // Which of the topics is meant is not said: asked one by one, each gets its own answer.
      const left = asked.filter((request) => this.#newestAsk.get(request.topic) === id);
      this.#asked.delete(id);
      for (const request of left) this.#ask([request], { topic: request.topic });
      return;
    }
    const isNewest = this.#newestAsk.get(refused) === id;
    this.#settle(id, refused);
    if (!isNewest || incoming.kind !== "frame" || incoming.frame.type !== "error") return;
    this.#events.incoming({ kind: "frame", frame: { ...incoming.frame, topic: refused } });
  }

  #settle(id: string, topic: string): void {
    const left = (this.#asked.get(id) ?? []).filter((request) => request.topic !== topic);
    if (left.length > 0) this.#asked.set(id, left);
    else this.#asked.delete(id);
    if (this.#newestAsk.get(topic) === id) this.#newestAsk.delete(topic);
  }
}

function urlOf(settings: Settings, token: string | null): string {
  const url = new URL(settings.websocketUrl);
  // Empty, not absent: absent would subscribe the server's default topics.
  url.searchParams.set("topics", "");
  if (settings.userId !== null) url.searchParams.set("user_id", settings.userId);
  if (settings.client !== null) url.searchParams.set("client", settings.client);
  if (settings.name !== null) url.searchParams.set("name", settings.name);
  if (token !== null) url.searchParams.set("token", token);
  return url.href;
}

function encode(id: number, command: Command): string {
  if (command.type === "publish") return `{"type":"publish","id":${id},${command.json.slice(1)}`;
  const { type, ...fields } = command;
  return JSON.stringify({ type: type === "status" ? "status_request" : type, id, ...fields });
}

function isLongerThan(text: string, limitBytes: number): boolean {
  // A UTF-16 unit takes 1 to 3 bytes in UTF-8, so most texts need no encoding to be judged.
  if (text.length > limitBytes) return true;
  if (text.length * 3 <= limitBytes) return false;
  return new TextEncoder().encode(text).length > limitBytes;
}
