import { CLOSE_TOO_LARGE } from "./close-codes.ts";
import { CommandQueue } from "./command-queue.ts";
import { Connection, type Disconnection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { FanfareError } from "./errors.ts";
import { EventStreamTransport } from "./event-stream-transport.ts";
import type { ServerFrame } from "./frames.ts";
import { type FanfareOptions, resolveOptions, type Settings } from "./options.ts";
import { randomKey } from "./platform.ts";
import type { Subscription, SubscriptionEvents } from "./subscription.ts";
import { SubscriptionSet } from "./subscription-set.ts";
import type { Command, Transport, TransportEvents } from "./transport.ts";
import type {
  ConnectionState,
  HistoryOptions,
  HistoryPage,
  Membership,
  Position,
  Presence,
  Publication,
  PublishOptions,
  PublishResult,
  RequestFrame,
  ShutdownNotice,
  Status,
  TransportName,
  Welcome,
} from "./types.ts";
import { WebSocketTransport } from "./websocket-transport.ts";

/** A question to this user, with the way to answer it. */
export interface IncomingRequest extends RequestFrame {
  /** `final: false` leaves room for more. Throws a FanfareError when there is no WebSocket to answer over. */
  respond(data: unknown, options?: { readonly final?: boolean }): void;
}

export interface ClientEvents {
  state: ConnectionState;
  /** A connection is there: the first one or a later one. */
  welcome: Welcome;
  /** An attempt has failed, or a connection has ended by itself. */
  disconnected: Disconnection;
  /** Of any topic. */
  publication: Publication;
  /** The server is going away. */
  notice: ShutdownNotice;
  join: Membership;
  leave: Membership;
  request: IncomingRequest;
  error: FanfareError;
}

export interface SubscribeOptions {
  /** Start after this position instead of live. Counts only for a topic not subscribed already. */
  readonly since?: Position | undefined;
  readonly onPublication?: ((publication: Publication) => void) | undefined;
  readonly onSubscribed?: ((payload: SubscriptionEvents["subscribed"]) => void) | undefined;
  readonly onBreak?: ((payload: SubscriptionEvents["break"]) => void) | undefined;
  readonly onUnsubscribed?: ((payload: SubscriptionEvents["unsubscribed"]) => void) | undefined;
  readonly onError?: ((error: FanfareError) => void) | undefined;
}

const TOPIC_NAME = /^[A-Za-z0-9_.:@|~=-]{1,255}$/;

/**
 * A connection to a Fanfare server that mends itself: subscriptions are resumed where they stopped, and publishes are
 * repeated until their outcome is known. Everything asynchronous rejects with a FanfareError.
 */
export class FanfareClient {
  readonly #settings: Settings;
  readonly #emitter: Emitter<ClientEvents>;
  readonly #subscriptions: SubscriptionSet;
  readonly #commands: CommandQueue;
  readonly #connection: Connection;
  #welcome: Welcome | null = null;
  #connecting: PendingConnect | null = null;
  /** While the "error" handlers are told of a handler that threw: they may throw as well. */
  #isReporting = false;

  /** Throws a FanfareError `bad_request` for options that make no sense. Connects only when told to. */
  constructor(options: FanfareOptions = {}) {
    this.#settings = resolveOptions(options);
    this.#emitter = new Emitter((error) => this.#handlerFailed(error));
    this.#commands = new CommandQueue(this.#settings);
    this.#subscriptions = new SubscriptionSet(this.#settings, {
      publication: (publication) => this.#emitter.emit("publication", publication),
      error: (error) => this.#emitter.emit("error", error),
      handlerError: (error) => this.#handlerFailed(error),
    });
    this.#connection = new Connection(
      this.#settings,
      (name, token, events) => this.#createTransport(name, token, events),
      {
        notConnected: (state) => this.#notConnected(state),
        connected: (transport, welcome) => this.#connected(transport, welcome),
        incoming: (incoming) => {
          if (incoming.kind === "publication") this.#subscriptions.receive(incoming.publication);
          else this.#receive(incoming.frame);
        },
        disconnected: (disconnection) => this.#emitter.emit("disconnected", disconnection),
        error: (error) => this.#emitter.emit("error", error),
        failed: (error) => this.#failed(error),
      },
    );
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Null while there is no connection. */
  get transport(): TransportName | null {
    return this.#connection.transport?.name ?? null;
  }

  /** Of the newest connection; null before the first. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  /** Returns the function that removes the handler again. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    handler: (payload: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, handler);
  }

  /**
   * Resolves when a connection is there, however many attempts it takes; rejects when `close` is called or when the
   * server refuses for good. May be called again after `close`: subscriptions go on where they stopped.
   */
  connect(): Promise<Welcome> {
    if (this.state === "connected" && this.#welcome !== null) return Promise.resolve(this.#welcome);
    this.#connecting ??= new PendingConnect();
    const { promise } = this.#connecting;
    this.#connection.start();
    return promise;
  }

  /** Ends the connection and everything that waits for it; no timer is left. Subscriptions keep their positions. */
  close(): void {
    this.#rejectWaiting(new FanfareError("closed", "the client was closed"));
    this.#connection.stop();
  }

  /** Leaves the connection for a new one, as an application may do on a `notice`. */
  reconnect(): void {
    this.#connection.restart();
  }

  /**
   * Reads a topic, across reconnects, until `unsubscribe`. A topic has one subscription: a second call adds its
   * handlers to it. Throws a FanfareError `invalid` for a name that no topic can have.
   */
  subscribe(topic: string, options: SubscribeOptions = {}): Subscription {
    const invalid = topicError(topic);
    if (invalid !== null) throw invalid;
    const subscription = this.#subscriptions.subscribe(topic, options.since ?? null);
    if (options.onPublication) subscription.on("publication", options.onPublication);
    if (options.onSubscribed) subscription.on("subscribed", options.onSubscribed);
    if (options.onBreak) subscription.on("break", options.onBreak);
    if (options.onUnsubscribed) subscription.on("unsubscribed", options.onUnsubscribed);
    if (options.onError) subscription.on("error", options.onError);
    return subscription;
  }

  /**
   * Resolves when the server has it. While the outcome is unknown it is sent again with the same key, so that it is
   * published once. With `store: false` and no key of its own it is sent at most once, and only over a connection
   * that is there.
   */
  async publish(topic: string, publication: PublishOptions): Promise<PublishResult> {
    const { message, data, event, tags, store } = publication;
    const key = publication.key ?? (store === false ? undefined : randomKey());
    const json = encodeJson({ topic, message, data, event, key, tags, store });
    const { type: _, id: __, ...result } = await this.#submit({ type: "publish", topic, key, json }, "ack");
    return result;
  }

  /** The newest `limit` publications, or the first ones after `since`; ascending. */
  async history(topic: string, options: HistoryOptions = {}): Promise<HistoryPage> {
    const { limit, since } = options;
    const {
      type: _,
      id: __,
      ...page
    } = await this.#submit({ type: "history", topic, limit, since }, "history");
    return page;
  }

  /** Who reads the topic. */
  async presence(topic: string): Promise<Presence> {
    const { type: _, id: __, ...presence } = await this.#submit({ type: "presence", topic }, "presence");
    return presence;
  }

  /** The way to the server and back, in ms. */
  async ping(): Promise<number> {
    const { clock } = this.#settings;
    const sentAtMs = clock.now();
    await this.#submit({ type: "ping" }, "pong");
    return clock.now() - sentAtMs;
  }

  async status(): Promise<Status> {
    const { type: _, id: __, ...status } = await this.#submit({ type: "status" }, "status");
    return status;
  }

  async #submit<Type extends "ack" | "history" | "presence" | "pong" | "status">(
    command: Command,
    answerType: Type,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    if (this.state === "idle" || this.state === "closed") {
      throw new FanfareError("closed", "the client is not connected: call connect() first");
    }
    const invalid = "topic" in command ? topicError(command.topic) : null;
    if (invalid !== null) throw invalid;
    // Whoever subscribes and then publishes expects to read it.
    this.#subscriptions.flush();
    const answer = await this.#commands.submit(command);
    if (answer.type !== answerType) {
      throw new FanfareError("internal", `the server answered ${command.type} with ${answer.type}`);
    }
    return answer as Extract<ServerFrame, { type: Type }>;
  }

  #createTransport(name: TransportName, token: string | null, events: TransportEvents): Transport {
    const { WebSocket, fetch } = this.#settings;
    const watched: TransportEvents = {
      ...events,
      closed: (closure) => {
        if (closure.code === CLOSE_TOO_LARGE) this.#commands.rejectLongest();
        events.closed(closure);
      },
    };
    if (name === "websocket" && WebSocket !== null) {
      return new WebSocketTransport(WebSocket, token, this.#settings, watched);
    }
    if (name === "sse" && fetch !== null) {
      const wanted = () => this.#subscriptions.requests();
      return new EventStreamTransport(fetch, token, this.#settings, wanted, watched);
    }
    throw new FanfareError("unsupported", `this platform has no ${name}`);
  }

  #connected(transport: Transport, welcome: Welcome): void {
    this.#welcome = welcome;
    this.#emitter.emit("state", "connected");
    this.#connecting?.resolve(welcome);
    this.#connecting = null;
    this.#emitter.emit("welcome", welcome);
    // A handler may have closed it again.
    if (this.#connection.transport !== transport) return;
    this.#subscriptions.attach(transport, welcome);
    this.#commands.attach(transport);
  }

  #notConnected(state: ConnectionState): void {
    this.#subscriptions.detach();
    this.#commands.detach();
    this.#emitter.emit("state", state);
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case "subscribed":
        this.#subscriptions.subscribed(frame);
        break;
      case "unsubscribed":
        this.#subscriptions.unsubscribed(frame);
        break;
      case "error":
        this.#refused(frame);
        break;
      case "ack":
      case "history":
      case "presence":
      case "status":
      case "pong":
        this.#commands.answer(frame);
        break;
      case "shutdown_notice":
        this.#emitter.emit("notice", frame);
        break;
      case "join":
      case "leave":
        this.#emitter.emit(frame.type, frame);
        break;
      case "request":
        this.#emitter.emit("request", {
          ...frame,
          respond: (data, options) => this.#respond(frame.correlation_id, data, options?.final ?? true),
        });
        break;
    }
  }

  #refused(frame: Extract<ServerFrame, { type: "error" }>): void {
    if (typeof frame.id === "number") this.#commands.answer(frame);
    else if (frame.topic !== undefined) this.#subscriptions.refused({ ...frame, topic: frame.topic });
    else this.#emitter.emit("error", new FanfareError(frame.code, frame.message ?? frame.code));
  }

  #respond(correlationId: string, data: unknown, final: boolean): void {
    const { transport } = this.#connection;
    if (transport === null) throw new FanfareError("disconnected", "there is no connection to respond over");
    transport.respond(correlationId, data, final);
  }

  #failed(error: FanfareError): void {
    this.#rejectWaiting(error);
    this.#emitter.emit("error", error);
  }

  #rejectWaiting(error: FanfareError): void {
    this.#connecting?.reject(error);
    this.#connecting = null;
    this.#commands.rejectAll(error);
  }

  /** An application's handler threw: never the connection's trouble, but not to be lost either. */
  #handlerFailed(cause: unknown): void {
    if (this.#isReporting || !this.#emitter.has("error")) {
      console.error("Fanfare: an event handler threw", cause);
      return;
    }
    this.#isReporting = true;
    this.#emitter.emit(
      "error",
      new FanfareError("handler_failed", `an event handler threw: ${cause}`, { cause }),
    );
    this.#isReporting = false;
  }
}

class PendingConnect {
  readonly promise: Promise<Welcome>;
  resolve: (welcome: Welcome) => void = () => {};
  reject: (error: FanfareError) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // `connect()` may be called for its effect alone; the "error" event tells of failure too.
    this.promise.catch(() => {});
  }
}

function encodeJson(fields: Record<string, unknown>): string {
  try {
    return JSON.stringify(fields);
  } catch (cause) {
    throw new FanfareError("bad_request", "data: cannot be written as JSON", { cause });
  }
}

function topicError(topic: string): FanfareError | null {
  if (TOPIC_NAME.test(topic)) return null;
  return new FanfareError("invalid", "topic: must be 1 to 255 of A-Z a-z 0-9 _ . : @ | ~ = -");
}
