import type { CloseReason } from "../core/close-codes.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import type { OnJoined, Subscriber } from "../hub/ports.ts";
import { decodeText } from "../protocol/decode.ts";
import {
  encodeError,
  encodeSubscribed,
  encodeUnsubscribed,
  type TopicState,
  topicState,
} from "../protocol/encode.ts";
import type { CommandId } from "../protocol/schemas.ts";
import { BadFrames } from "./bad-frames.ts";
import { runChat } from "./chat.ts";
import { CommandLanes, type Run } from "./command-lanes.ts";
import { runCommand } from "./commands.ts";
import { Congestion } from "./congestion.ts";
import type { SessionContext } from "./context.ts";
import type { Handshake, Role } from "./handshake.ts";
import type { Link } from "./link.ts";
import type { UserConnection } from "./user-registry.ts";

/** Index of the JSON wire format among the hub's fan-outs. */
const jsonFormat = 0;

/** Share of the backpressure limit beyond which a client must first take what it has been sent. */
const congestedShare = 1 / 4;

const binaryRefused = new Failure(
  "bad_request",
  "Binary frames are not understood: send text frames of JSON.",
);

/**
 * One WebSocket connection's state machine: opened with a handshake, fed with frames, closed once. It keeps
 * the order of its client's commands and never answers faster than the client reads.
 */
export class Session implements Subscriber, UserConnection {
  readonly format = jsonFormat;
  readonly transport = "websocket";
  readonly id: string;
  readonly userId: string | null;
  readonly role: Role;
  /** Who its publications are from. */
  readonly sender: string;
  readonly context: SessionContext;
  readonly #link: Link;
  readonly #topics = new Set<string>();
  /** What waits until the client has taken what it was sent; null: nothing. */
  #congestion: Congestion | null = null;
  /** Commands that wait for the broker; null: none ever did. */
  #lanes: CommandLanes | null = null;
  #badFrames: BadFrames | null = null;
  #reading = true;
  #closed = false;

  constructor(id: string, handshake: Handshake, context: SessionContext, link: Link) {
    this.id = id;
    this.userId = handshake.userId;
    this.role = handshake.role;
    this.sender = handshake.userId ?? handshake.name ?? `guest-${id.slice(0, 6)}`;
    this.context = context;
    this.#link = link;
    context.users.add(this);
  }

  /** One text frame from the client. */
  receive(text: string): void {
    if (this.#closed) return;
    const { counters } = this.context;
    counters.framesReceived++;
    counters.bytesReceived += text.length;
    if (this.#congestion === null && !this.isCongested) this.#handle(text);
    else this.whenTaken(() => this.#handle(text));
  }

  /** One binary frame from the client: refused. */
  receiveBinary(bytes: number): void {
    const { counters } = this.context;
    counters.framesReceived++;
    counters.bytesReceived += bytes;
    this.#bad(undefined, binaryRefused);
  }

  /** Leaves everything. Called once by the transport, whoever closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#congestion = null;
    this.#lanes?.clear();
    this.context.users.remove(this);
    this.context.requests.left(this);
    for (const topic of this.#topics) this.context.hub.unsubscribe(this, topic);
    this.#topics.clear();
  }

  disconnect(why: CloseReason): void {
    this.#link.close(why);
  }

  tell(_type: string, frame: string): void {
    this.send(frame);
  }

  send(text: string): void {
    if (!this.#closed) this.#link.send(text);
  }

  /** Answers an error, and counts it. */
  fail(id: CommandId | undefined, failure: Failure, topic?: string): void {
    this.context.counters.errors.add(failure.code);
    this.send(encodeError(id, failure.code, failure.message, topic));
  }

  /** Reads a native topic from now on. */
  join(native: string): void {
    this.#link.join(native);
  }

  /** Subscribes, or starts the stream anew; the client is answered in the moment it is subscribed. */
  subscribe(id: CommandId | undefined, topic: string, since: Position | undefined): MaybePromise<void> {
    if (this.#closed) return;
    this.unsubscribe(topic);
    return this.enter(id, topic, since, (channel, answer) => {
      this.#link.join(channel.native);
      this.tellSubscribed(id, topicState(topic, answer), answer.replay);
    });
  }

  tellSubscribed(id: CommandId | undefined, state: TopicState, replay: readonly Publication[]): void {
    this.send(encodeSubscribed(id, state));
    this.replay(replay);
  }

  /** Enters a topic it is not in; `joined` answers the client. */
  enter(
    id: CommandId | undefined,
    topic: string,
    since: Position | undefined,
    joined: OnJoined,
  ): MaybePromise<void> {
    const { topicsMax } = this.context.limits;
    if (this.#topics.size >= topicsMax) {
      const remedy = "unsubscribe from some first, or open another connection";
      this.fail(
        id,
        new Failure("too_large", `A connection reads at most ${topicsMax} topics: ${remedy}.`),
        topic,
      );
      return;
    }
    this.#topics.add(topic);
    const result = this.context.hub.subscribe(this, topic, since, joined);
    if (result instanceof Promise) return result.then((failure) => this.#entered(id, topic, failure));
    this.#entered(id, topic, result);
  }

  unsubscribe(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    this.#link.quit(`json/${topic}`);
    this.context.hub.unsubscribe(this, topic);
  }

  addTopic(topic: string): boolean {
    this.inOrder(topic, () => {
      if (!this.#topics.has(topic)) return this.subscribe(undefined, topic, undefined);
    });
    return true;
  }

  removeTopic(topic: string): boolean {
    this.inOrder(topic, () => {
      if (!this.#topics.has(topic)) return;
      this.unsubscribe(topic);
      this.send(encodeUnsubscribed(undefined, topic));
    });
    return true;
  }

  /** Sends what the client missed, until it turns out to be gone. */
  replay(publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (this.#closed) return;
      this.#link.send(publication.frame);
    }
  }

  /** Whether a command of the topic is under way. */
  isBusy(topic: string): boolean {
    return this.#lanes?.isBusy(topic) === true;
  }

  /** Runs a command of one topic: at once, or after those of that topic which are under way. */
  inOrder(topic: string, run: Run): void {
    if (!this.isBusy(topic)) {
      const pending = run();
      if (!(pending instanceof Promise)) return;
      this.#lanes ??= new CommandLanes(() => this.#updateReading());
      this.#lanes.open(topic, pending);
    } else {
      this.#lanes?.queue(topic, () => (this.#closed ? undefined : run()));
    }
    this.#updateReading();
  }

  /** The client has yet to take much of what it was sent. */
  get isCongested(): boolean {
    return this.#link.bufferedBytes() > this.context.limits.backpressureLimitBytes * congestedShare;
  }

  /** Runs once the client has taken what it was sent; in order. */
  whenTaken(run: () => void): void {
    if (this.#closed) return;
    this.#congestion ??= new Congestion();
    this.#congestion.add(run);
    this.drained();
  }

  /** Something waits for the client to take what it was sent. */
  get waitsForClient(): boolean {
    return this.#congestion !== null;
  }

  /** The client took some of what it had been sent. */
  drained(): void {
    const congestion = this.#congestion;
    if (congestion === null) return;
    congestion.run(() => !this.#closed && !this.isCongested);
    if (congestion.isOver) this.#congestion = null;
    this.#updateReading();
  }

  #handle(text: string): void {
    const inbound = decodeText(text);
    switch (inbound.kind) {
      case "command":
        this.context.counters.commands.add(inbound.command.type);
        runCommand(this, inbound.command);
        break;
      case "chat":
        this.context.counters.commands.add("text");
        runChat(this, inbound.chat);
        break;
      case "bad":
        this.#bad(inbound.id, inbound.failure);
        break;
    }
  }

  #bad(id: CommandId | undefined, failure: Failure): void {
    this.fail(id, failure);
    const now = this.context.clock.now();
    this.#badFrames ??= new BadFrames();
    if (this.#badFrames.add(now)) this.#link.close("tooFast");
  }

  #entered(id: CommandId | undefined, topic: string, failure: Failure | null): void {
    if (failure === null || this.#closed) return;
    this.#topics.delete(topic);
    this.fail(id, failure, topic);
  }

  /** A client that is ahead of itself is not read from until it has caught up. */
  #updateReading(): void {
    if (this.#closed) return;
    const busy = (this.#lanes?.pending ?? 0) >= this.context.limits.commandsInFlightMax;
    const reading = this.#congestion === null && !busy;
    if (reading === this.#reading) return;
    this.#reading = reading;
    if (reading) this.#link.resume();
    else this.#link.pause();
  }
}
