import { Timer } from "./clock.ts";
import { CLOSE_ABNORMAL, CLOSE_NO_PONG } from "./close-codes.ts";
import { FanfareError } from "./errors.ts";
import { EventStreamParser, type ServerSentEvent } from "./event-stream-parser.ts";
import { eventStreamUrl, knock, openEventStream, StreamRefusal } from "./event-stream-request.ts";
import { classify, isObject, isTopicPosition } from "./frames.ts";
import { HttpSender } from "./http-sender.ts";
import { Liveness } from "./liveness.ts";
import type { Settings } from "./options.ts";
import type { Fetch } from "./platform.ts";
import type { Command, TopicRequest, Transport, TransportEvents } from "./transport.ts";
import type { TopicPosition } from "./types.ts";

/** Topics that come or go within this time restart the stream once. */
const RESTART_DELAY_MS = 25;
/** Far above any publication; keeps a peer that never ends an event from filling the memory. */
const EVENT_CHARACTERS_MAX = 8 * 1024 * 1024;
/** A stream that was silent for so long has missed a heartbeat. */
const SUSPICIOUS_SILENCE_MS = 20_000;

/** Refusals that may be meant for one topic. */
const TOPIC_ERRORS: ReadonlySet<string> = new Set(["bad_request", "forbidden", "not_found", "invalid"]);

/** Marks `subscribed` frames that answer the opening of a stream, as a WebSocket's `id` would. */
const STREAM_ANSWER_ID = "stream";

/**
 * Server-Sent Events, with REST for what goes the other way. One stream carries all topics; when they change it is
 * opened again, resumed by position.
 *
 * The stream is read by fetch everywhere, in browsers too: an EventSource hands over only events whose type it was
 * told in advance, and here the type is the publisher's word. It also hides the status of a refusal.
 */
export class EventStreamTransport implements Transport {
  readonly name = "sse";
  readonly #settings: Settings;
  readonly #fetch: Fetch;
  readonly #token: string | null;
  readonly #wanted: () => readonly TopicRequest[];
  readonly #events: TransportEvents;
  readonly #http: HttpSender;
  readonly #restart: Timer;
  readonly #liveness: Liveness;
  /** Aborts the stream under way; null when there is none. */
  #stream: AbortController | null = null;
  #streamTopics: ReadonlySet<string> = new Set();
  /** Those among them that the stream under way has yet to answer, and nobody has asked for twice. */
  #awaitedTopics = new Set<string>();
  /** The topics of the last stream that the server opened. */
  #grantedTopics: ReadonlySet<string> = new Set();
  #welcomed = false;
  #closed = false;

  /** `wanted` gives all topics, each with the position reached, whenever a stream is opened. */
  constructor(
    fetch: Fetch,
    token: string | null,
    settings: Settings,
    wanted: () => readonly TopicRequest[],
    events: TransportEvents,
  ) {
    this.#settings = settings;
    this.#fetch = fetch;
    this.#token = token;
    this.#wanted = wanted;
    this.#events = events;
    this.#http = new HttpSender(fetch, token, settings, (frame) => events.incoming({ kind: "frame", frame }));
    this.#restart = new Timer(settings.clock, () => this.open());
    this.#liveness = new Liveness({
      clock: settings.clock,
      answerTimeoutMs: 0,
      ask: null,
      dead: () => this.#end(CLOSE_NO_PONG, "the event stream went silent"),
    });
  }

  open(): void {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    void this.#run(stream);
  }

  subscribe(requests: readonly TopicRequest[]): void {
    const carried = new Set(this.#carried().map(({ topic }) => topic));
    for (const { topic } of requests) {
      if (!carried.has(topic)) this.#refuse(topic);
      else if (!this.#awaitedTopics.delete(topic)) this.#restart.start(RESTART_DELAY_MS);
    }
  }

  unsubscribe(topic: string): void {
    if (this.#streamTopics.has(topic)) this.#restart.start(RESTART_DELAY_MS);
  }

  send(id: number, command: Command): void {
    this.#http.send(id, command);
  }

  respond(): void {
    throw new FanfareError("unsupported", "a request can be responded to over a WebSocket only");
  }

  /** A stream ends with its token, and is opened again with a new one. */
  refresh(): void {}

  probe(): void {
    if (this.#streamTopics.size === 0 || this.#liveness.silentForMs < SUSPICIOUS_SILENCE_MS) return;
    this.#restart.start(0);
  }

  close(): void {
    this.#closed = true;
    this.#stream?.abort();
    this.#stream = null;
    this.#restart.stop();
    this.#liveness.stop();
    this.#http.close();
  }

  /** The topics that one stream can hold: the user's own, which the server adds by itself, and the oldest ones. */
  #carried(): readonly TopicRequest[] {
    const { userId, sseTopicsMax } = this.#settings;
    if (userId === null) return this.#wanted().slice(0, sseTopicsMax);
    const own = `user:${userId}`;
    const wanted = this.#wanted();
    const others = wanted.filter(({ topic }) => topic !== own).slice(0, sseTopicsMax - 1);
    return [...wanted.filter(({ topic }) => topic === own), ...others];
  }

  #refuse(topic: string): void {
    const message = `an event stream carries at most ${this.#settings.sseTopicsMax} topics; ${topic} has to wait for a WebSocket`;
    this.#events.incoming({
      kind: "frame",
      frame: { type: "error", topic, code: "too_many_topics", message },
    });
  }

  async #run(stream: AbortController): Promise<void> {
    const topics = this.#carried();
    this.#streamTopics = new Set(topics.map(({ topic }) => topic));
    this.#awaitedTopics = new Set(this.#streamTopics);
    this.#liveness.start(this.#settings.streamSilenceMs);
    try {
      // Without a topic there is nothing to stream; that the server answers is all there is to know.
      if (topics.length === 0 && this.#settings.userId === null) await this.#greet(stream);
      else await this.#read(stream, topics);
    } catch (error) {
      if (this.#stream !== stream) return;
      if (!(error instanceof StreamRefusal)) this.#end(CLOSE_ABNORMAL, String(error));
      else if (!this.#refuseAdded(error)) this.#end(error.code, error.message, error.retryAfterMs);
    }
  }

  async #greet(stream: AbortController): Promise<void> {
    await knock(this.#fetch, `${this.#settings.httpUrl}/events`, this.#token, stream.signal);
    if (this.#stream !== stream) return;
    this.#liveness.stop();
    if (!this.#welcomed) this.#welcome([]);
  }

  async #read(stream: AbortController, topics: readonly TopicRequest[]): Promise<void> {
    const url = eventStreamUrl(this.#settings, topics);
    const body = await openEventStream(this.#fetch, url, this.#token, stream.signal);
    const answered = new Set<string>();
    const parser = new EventStreamParser((event) => {
      if (this.#stream === stream) this.#take(event, answered);
    }, EVENT_CHARACTERS_MAX);
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (this.#stream !== stream) return;
      this.#liveness.heard();
      parser.push(decoder.decode(part.value, { stream: true }));
    }
    if (this.#stream === stream) this.#end(CLOSE_ABNORMAL, "the event stream ended", parser.retryMs ?? 0);
  }

  /** A stream refused for what was added to it: the topics added are, and the others go on. */
  #refuseAdded({ errorCode, message }: StreamRefusal): boolean {
    const added = [...this.#streamTopics].filter((topic) => !this.#grantedTopics.has(topic));
    if (errorCode === null || !TOPIC_ERRORS.has(errorCode)) return false;
    if (this.#grantedTopics.size === 0 || added.length === 0) return false;
    for (const topic of added) {
      this.#events.incoming({ kind: "frame", frame: { type: "error", topic, code: errorCode, message } });
    }
    this.#restart.start(RESTART_DELAY_MS);
    return true;
  }

  /** `answered`: the topics that this stream has spoken of. */
  #take(event: ServerSentEvent, answered: Set<string>): void {
    let value: unknown;
    try {
      value = JSON.parse(event.data);
    } catch {
      return;
    }
    this.#grantedTopics = this.#streamTopics;
    if (event.type === "subscribed") {
      this.#takeTopics(topicPositionsOf(value), answered);
      return;
    }
    const incoming = classify(isObject(value) ? { type: event.type, ...value } : value);
    if (incoming === null) return;
    if (!this.#welcomed) this.#welcome([]);
    this.#events.incoming(incoming);
  }

  #takeTopics(topics: readonly TopicPosition[], answered: Set<string>): void {
    const isFirst = !this.#welcomed;
    for (const { topic } of topics) this.#awaitedTopics.delete(topic);
    if (isFirst) this.#welcome(topics);
    for (const position of topics) {
      const answer = answered.has(position.topic) ? {} : { id: STREAM_ANSWER_ID };
      answered.add(position.topic);
      if (isFirst) continue;
      this.#events.incoming({ kind: "frame", frame: { type: "subscribed", ...position, ...answer } });
    }
  }

  /** A stream has no welcome of its own: this is what is known without one. */
  #welcome(topics: readonly TopicPosition[]): void {
    this.#welcomed = true;
    this.#events.opened();
    const unknown = { connection_id: null, role: null, node: null, message: null, ping_interval: null };
    const frame = { type: "welcome", user_id: this.#settings.userId, topics, ...unknown } as const;
    this.#events.incoming({ kind: "frame", frame });
  }

  #end(code: number, reason: string, retryAfterMs = 0): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed({ code, reason, retryAfterMs });
  }
}

function topicPositionsOf(value: unknown): readonly TopicPosition[] {
  const list = isObject(value) && Array.isArray(value.topics) ? value.topics : value;
  return (Array.isArray(list) ? list : [list]).filter(isTopicPosition);
}
