import type { Identity } from "../auth/identity.ts";
import type { CloseReason } from "../core/close-codes.ts";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import { notAnswered } from "../hub/entrance.ts";
import type { Admit, Channel, OnJoined, Subscriber } from "../hub/ports.ts";
import type { FrameThrottle } from "../limits/frame-rates.ts";
import { decodeText, idOf } from "../protocol/decode.ts";
import {
  encodeError,
  encodeSubscribed,
  encodeUnsubscribed,
  type TopicState,
  topicState,
} from "../protocol/encode.ts";
import type { CommandId } from "../protocol/schemas.ts";
import { BadFrames, binaryRefused, tooFast } from "./bad-frames.ts";
import { runChat } from "./chat.ts";
import { CommandFlow, isCongested } from "./command-flow.ts";
import type { Run, Sharing } from "./command-lanes.ts";
import { runCommand } from "./commands.ts";
import type { SessionContext } from "./context.ts";
import { type Handshake, tooManyTopics } from "./handshake.ts";
import type { Link } from "./link.ts";
import { joinNative, quitNative, reconsiderMembers } from "./native-topics.ts";
import { withPatience } from "./patience.ts";
import { Standing } from "./standing.ts";
import type { UserConnection } from "./user-registry.ts";

/** Index of the JSON wire format among the hub's fan-outs. */
const jsonFormat = 0;

/**
 * One WebSocket connection's state machine: opened with a handshake, fed with frames, closed once. It keeps
 * the order of its client's commands and never answers faster than the client reads.
 */
export class Session implements Subscriber, UserConnection {
  readonly format = jsonFormat;
  readonly transport = "websocket";
  readonly id: string;
  readonly openedAt: number;
  readonly userId: string | null;
  /** Who its client is, and what it may do. */
  readonly standing: Standing;
  /** Who its publications are from. */
  readonly sender: string;
  readonly context: SessionContext;
  readonly #link: Link;
  readonly #topics = new Set<string>();
  /** Null: nothing ever had to wait. */
  #flow: CommandFlow | null = null;
  #badFrames: BadFrames | null = null;
  /** Null: nothing bounds how fast its client may send. */
  readonly #throttle: FrameThrottle | null;
  #closed = false;

  constructor(id: string, handshake: Handshake, context: SessionContext, link: Link) {
    this.id = id;
    this.openedAt = context.clock.now();
    this.userId = handshake.userId;
    this.sender = handshake.userId ?? handshake.name ?? handshake.identity.name ?? `guest-${id.slice(0, 6)}`;
    this.context = context;
    this.standing = new Standing(handshake, context, this);
    this.#link = link;
    this.#throttle = context.rates.throttle(this.userId);
    context.users.add(this);
  }

  /** Its client proved something newer; what it may not read any more ends. */
  replaceIdentity(identity: Identity): void {
    if (this.#closed) return;
    this.standing.replace(identity);
    this.reconsider();
  }

  /** What its client may do is another thing now: what it may not read any more ends. */
  reconsider(): void {
    for (const topic of [...this.#topics]) {
      if (this.standing.refusal("subscribe", topic) === null) {
        reconsiderMembers(this.#link, topic, this.standing);
        continue;
      }
      this.unsubscribe(topic);
      this.send(encodeUnsubscribed(undefined, topic, "forbidden"));
    }
  }

  /** One text frame from the client. */
  receive(text: string): void {
    if (this.#closed) return;
    const { counters } = this.context;
    counters.framesReceived++;
    counters.bytesReceived += text.length;
    if (this.#throttle !== null && !this.#throttle.takes(Buffer.byteLength(text))) {
      this.flow.whenTaken(() => this.#bad(idOf(decodeText(text)), tooFast));
    } else if (this.#isFree) this.#handle(text);
    else this.flow.whenTaken(() => this.#handle(text));
  }

  /** One binary frame from the client: refused. */
  receiveBinary(bytes: number): void {
    const { counters } = this.context;
    counters.framesReceived++;
    counters.bytesReceived += bytes;
    this.flow.whenTaken(() => this.#bad(undefined, binaryRefused));
  }

  /** Leaves everything. Called once by the transport, whoever closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flow?.close();
    this.context.users.remove(this);
    this.context.requests.left(this);
    this.standing.close();
    for (const topic of this.#topics) this.context.hub.unsubscribe(this, topic);
    this.#topics.clear();
  }

  disconnect(why: CloseReason): void {
    this.#link.close(why);
  }

  tell(_type: string, frame: string): void {
    this.#onceWelcomed(() => this.send(frame));
  }

  send(text: string): void {
    if (!this.#closed) this.#link.send(text);
  }

  /** Answers an error, and counts it. */
  fail(id: CommandId | undefined, failure: Failure, topic?: string): void {
    this.context.counters.errors.add(failure.code);
    this.send(encodeError(id, failure.code, failure.message, topic));
  }

  /** Reads a topic from now on. */
  join(channel: Channel): void {
    joinNative(this.#link, channel, this.standing);
  }

  /** Subscribes, or starts the stream anew; the client is answered in the moment it is subscribed. */
  subscribe(id: CommandId | undefined, topic: string, since: Position | undefined): MaybePromise<void> {
    if (this.#closed) return;
    const refusal = this.standing.refusal("subscribe", topic);
    if (refusal !== null) return this.fail(id, refusal, topic);
    this.unsubscribe(topic);
    return this.enter(id, topic, since, (channel, answer) => {
      this.join(channel);
      this.tellSubscribed(id, topicState(topic, answer), answer.replay);
    });
  }

  tellSubscribed(id: CommandId | undefined, state: TopicState, replay: readonly Publication[]): void {
    this.send(encodeSubscribed(id, state));
    this.replay(replay);
  }

  /**
   * Enters a topic it is not in; `joined` answers the client. Where the broker makes it wait for long the promise
   * is kept before that, so that what the client asks of the topic meanwhile gets its answer.
   */
  enter(
    id: CommandId | undefined,
    topic: string,
    since: Position | undefined,
    joined: OnJoined,
  ): MaybePromise<void> {
    const { topicsMax } = this.context.limits;
    if (this.#topics.size >= topicsMax) return this.fail(id, tooManyTopics(topicsMax), topic);
    this.#topics.add(topic);
    const result = this.context.hub.subscribe(this, topic, since, joined);
    return result instanceof Promise ? this.#enterLater(id, topic, result) : this.#entered(id, topic, result);
  }

  whenReady(admit: Admit): void {
    this.flow.whenTaken(() => admit());
  }

  unsubscribe(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    quitNative(this.#link, topic);
    this.context.hub.unsubscribe(this, topic);
  }

  addTopic(topic: string): boolean {
    this.standing.place(topic);
    this.#onceWelcomed(() =>
      this.inOrder(topic, () => {
        if (!this.#topics.has(topic)) return this.subscribe(undefined, topic, undefined);
      }),
    );
    return true;
  }

  removeTopic(topic: string): boolean {
    this.standing.displace(topic);
    this.#onceWelcomed(() =>
      this.inOrder(topic, () => {
        if (!this.#topics.has(topic)) return;
        this.unsubscribe(topic);
        this.send(encodeUnsubscribed(undefined, topic));
      }),
    );
    return true;
  }

  /** Sends what the client missed, until it turns out to be gone. */
  replay(publications: readonly Publication[]): void {
    for (const publication of publications) {
      if (this.#closed) return;
      this.#link.send(publication.frame);
    }
  }

  /** When its commands run. */
  get flow(): CommandFlow {
    if (this.#flow === null) {
      this.#flow = new CommandFlow(this.#link, this.context.limits, this);
      if (this.#closed) this.#flow.close();
    }
    return this.#flow;
  }

  /** Whether a command of the topic has to wait for others. */
  isHeldUp(topic: string, sharing: Sharing): boolean {
    return this.#flow?.isHeldUp(topic, sharing) === true;
  }

  /** Runs a command of one topic: at once, or behind those that hold it up. */
  inOrder(topic: string, run: Run, sharing: Sharing = "alone"): void {
    if (this.isHeldUp(topic, sharing)) this.flow.queue(topic, sharing, run);
    else {
      const underWay = run();
      if (underWay instanceof Promise) this.flow.begun(topic, sharing, underWay);
    }
  }

  /** Something waits for the client to take what it was sent. */
  get waitsForClient(): boolean {
    return this.#flow?.isWaiting === true;
  }

  /** The client took some of what it had been sent. */
  drained(): void {
    this.#flow?.drained();
  }

  get #isFree(): boolean {
    return this.#flow === null ? !isCongested(this.#link, this.context.limits) : this.#flow.isFree;
  }

  #onceWelcomed(run: () => void): void {
    if (this.#flow?.isOpening === true) this.#flow.whenTaken(run);
    else run();
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

  async #enterLater(id: CommandId | undefined, topic: string, result: Promise<Failure | null>) {
    await withPatience(
      this.context.scheduler,
      result.then((failure) => this.#entered(id, topic, failure)),
    );
  }

  #entered(id: CommandId | undefined, topic: string, failure: Failure | null): void {
    if (failure === null || this.#closed) return;
    if (failure !== notAnswered) this.#topics.delete(topic);
    // It was the client who ended it.
    else if (id === undefined) return;
    this.fail(id, failure, topic);
  }
}
