import type {
  Broker,
  BrokerSink,
  HistoryPage,
  HistoryQuery,
  PublishResult,
  TopicView,
} from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler } from "../core/ports.ts";
import type { Position } from "../core/position.ts";
import type { Publication, PublishRequest } from "../core/publication.ts";
import { encodeMembership } from "../protocol/encode.ts";
import { MembershipEvents } from "./membership.ts";
import { Outbox } from "./outbox.ts";
import type { FanOut, HubCounters, Joined, OnJoined, PublishTimer, Subscriber } from "./ports.ts";
import { type Entrant, Topic } from "./topic.ts";

export interface HubOptions {
  /** Publications replayed on one resume at most. */
  readonly resumeLimit: number;
  /** Bytes replayed on one resume at most. */
  readonly resumeBytesMax: number;
  /** Bytes of a topic that one turn of the event loop hands to its readers; the rest goes next turn. */
  readonly tickBytesMax: number;
  /** How long members' coming and going is gathered before it is told. */
  readonly membershipWindowMs: number;
  /** Whether members of a topic are told of each other's coming and going. */
  readonly tellsMembership: (topic: string) => boolean;
}

export interface HubPorts {
  readonly scheduler: Scheduler;
  readonly counters: HubCounters;
  readonly publishTimer: PublishTimer;
  /** By wire format; a subscriber's `format` is an index into it. */
  readonly fanOuts: readonly FanOut[];
  /** Makes the broker, which needs the hub as its sink. */
  readonly broker: (sink: BrokerSink) => Broker;
}

const tooFast = new Failure(
  "rate_limited",
  "More was published to this topic than its readers can be sent by now: slow down.",
);
const notAnswered = new Failure("conflict", "The subscription was ended before it was answered.");

/**
 * The topics that connections of this node read: who is in, what has been handed to them, and how one comes
 * in without missing or repeating anything. Order and memory are the broker's.
 */
export class Hub implements BrokerSink {
  readonly broker: Broker;
  readonly #options: HubOptions;
  readonly #counters: HubCounters;
  readonly #publishTimer: PublishTimer;
  readonly #fanOuts: readonly FanOut[];
  readonly #formats: readonly string[];
  readonly #topics = new Map<string, Topic>();
  readonly #outbox: Outbox;
  readonly #membership: MembershipEvents;
  #subscriptions = 0;

  constructor(options: HubOptions, ports: HubPorts) {
    this.#options = options;
    this.#counters = ports.counters;
    this.#publishTimer = ports.publishTimer;
    this.#fanOuts = ports.fanOuts;
    this.#formats = ports.fanOuts.map((fanOut) => fanOut.format);
    this.#outbox = new Outbox(
      ports.scheduler,
      (topic, publication) => this.#hand(topic, publication),
      (topic) => this.#admitWaiters(topic),
      options.tickBytesMax,
    );
    this.#membership = new MembershipEvents(
      ports.scheduler,
      options.membershipWindowMs,
      (topic, userId, present) => this.#tellMembership(topic, userId, present),
    );
    this.broker = ports.broker(this);
  }

  /** Subscriptions of all connections of this node. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** Topics that connections of this node read. */
  get topicsRead(): number {
    return this.#topics.size;
  }

  /** Whether all that was accepted has been handed to the fan-out. */
  get allHandedOver(): boolean {
    return this.#outbox.isIdle;
  }

  /** Connections of this node that read the topic, in every format together. */
  subscribersOf(topic: string): number {
    return this.#topics.get(topic)?.subscribers ?? 0;
  }

  /** Connections of this node that read the topic, by wire format. */
  subscribersByFormat(topic: string): Record<string, number> {
    const channels = this.#topics.get(topic)?.channels;
    return Object.fromEntries(
      this.#formats.map((format, index) => [format, channels?.[index]?.subscribers ?? 0]),
    );
  }

  /** Where a publication of any transport enters. */
  publish(request: PublishRequest): MaybePromise<PublishResult> {
    if (!this.#outbox.isIdle && this.#outbox.isFull(this.#topics.get(request.topic))) return tooFast;
    const started = this.#publishTimer.begin();
    const outcome = this.broker.publish(request);
    if (outcome instanceof Promise) return outcome.then((settled) => this.#published(settled, started));
    return this.#published(outcome, started);
  }

  /**
   * Subscribes; `joined` is called before this returns, or later when the broker has to be asked. A replay
   * of more than `replayBytesMax` is not made: the subscriber is told that it was not recovered.
   * Returns a Failure when it cannot be, and null when it was.
   */
  subscribe(
    subscriber: Subscriber,
    name: string,
    since: Position | undefined,
    joined: OnJoined,
    replayBytesMax: number = this.#options.resumeBytesMax,
  ): MaybePromise<Failure | null> {
    const topic = this.#topics.get(name) ?? this.#open(name);
    if (topic instanceof Failure) return topic;
    if (topic.view !== null && !this.#isAhead(topic, topic.view, since)) {
      this.#admit(topic, topic.view, { subscriber, since, joined, replayBytesMax });
      return null;
    }
    return new Promise((resolve) => {
      topic.waiters.push({ subscriber, since, joined, replayBytesMax, settle: resolve });
    });
  }

  /** Ends a subscription, or the wait for one. */
  unsubscribe(subscriber: Subscriber, name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const waiting = topic.waiters.findIndex((waiter) => waiter.subscriber === subscriber);
    if (waiting >= 0) {
      const [waiter] = topic.waiters.splice(waiting, 1);
      waiter?.settle(notAnswered);
    } else {
      const channel = topic.channels[subscriber.format]!;
      channel.subscribers--;
      this.#subscriptions--;
      this.broker.leave(name, subscriber.userId);
    }
    this.#closeIfUnread(topic);
  }

  history(query: HistoryQuery): MaybePromise<HistoryPage | Failure> {
    this.#counters.historyReads++;
    return this.broker.history(query);
  }

  close(): MaybePromise<void> {
    this.#membership.close();
    return this.broker.close();
  }

  deliver(name: string, publication: Publication): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined && topic.view !== null) this.#outbox.push(topic, publication);
  }

  broke(name: string, epoch: string, offset: number): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.view === null) return;
    this.#outbox.finish(topic);
    topic.handed = offset;
    for (let format = 0; format < this.#fanOuts.length; format++) {
      const channel = topic.channels[format]!;
      if (channel.subscribers > 0) this.#fanOuts[format]!.broke(channel, epoch, offset);
    }
    this.#admitWaiters(topic);
  }

  memberChanged(topic: string, userId: string, present: boolean): void {
    if (this.#options.tellsMembership(topic)) this.#membership.changed(topic, userId, present);
  }

  #published(outcome: PublishResult, started: number): PublishResult {
    this.#publishTimer.end(started);
    if (outcome === null || outcome === "local") this.#counters.publicationsUnstored++;
    else if (!(outcome instanceof Failure) && outcome.repeated) this.#counters.publicationsRepeated++;
    return outcome;
  }

  #hand(topic: Topic, publication: Publication): void {
    const fanOuts = this.#fanOuts;
    for (let format = 0; format < fanOuts.length; format++) {
      const channel = topic.channels[format]!;
      if (channel.subscribers > 0) fanOuts[format]!.deliver(channel, publication);
    }
  }

  #open(name: string): Topic | Failure {
    const topic = new Topic(name, this.#formats);
    const view = this.broker.follow(name);
    if (view instanceof Failure) return view;
    this.#topics.set(name, topic);
    if (view instanceof Promise) void view.then((settled) => this.#opened(topic, settled));
    else this.#goLive(topic, view);
    return topic;
  }

  #opened(topic: Topic, view: TopicView | Failure): void {
    if (this.#topics.get(topic.name) !== topic) return;
    if (view instanceof Failure) {
      this.#topics.delete(topic.name);
      for (const waiter of topic.waiters) waiter.settle(view);
      return;
    }
    this.#goLive(topic, view);
    this.#admitWaiters(topic);
  }

  #goLive(topic: Topic, view: TopicView): void {
    topic.view = view;
    topic.handed = view.top;
  }

  /** Whether the position is one that the fan-out has yet to reach: what comes first must not be repeated. */
  #isAhead(topic: Topic, view: TopicView, since: Position | undefined): boolean {
    if (since === undefined || since.epoch !== view.epoch) return false;
    return since.offset > topic.handed && since.offset <= view.top;
  }

  #admitWaiters(topic: Topic): void {
    const { view, waiters } = topic;
    if (view === null || waiters.length === 0) return;
    topic.waiters = [];
    for (const waiter of waiters) {
      if (this.#isAhead(topic, view, waiter.since)) {
        topic.waiters.push(waiter);
      } else {
        this.#admit(topic, view, waiter);
        waiter.settle(null);
      }
    }
  }

  #admit(topic: Topic, view: TopicView, entrant: Entrant): void {
    const { subscriber } = entrant;
    const channel = topic.channels[subscriber.format]!;
    // Counted first: the subscriber may be gone by the end of `joined`, and then leaves again by itself.
    channel.subscribers++;
    this.#subscriptions++;
    this.broker.enter(topic.name, subscriber.userId);
    entrant.joined(channel, this.#answer(topic, view, entrant));
  }

  #answer(topic: Topic, view: TopicView, { since, replayBytesMax }: Entrant): Joined {
    const { epoch } = view;
    const offset = topic.handed;
    if (since === undefined) return { epoch, offset, replay: [] };
    const replay =
      since.epoch === epoch
        ? view.range(since.offset, offset, this.#options.resumeLimit, replayBytesMax)
        : null;
    if (replay === null) {
      this.#counters.resumesNotRecovered++;
      return { epoch, offset, recovered: false, replay: [] };
    }
    this.#counters.resumesRecovered++;
    this.#counters.publicationsReplayed += replay.length;
    return { epoch, offset, recovered: true, replay };
  }

  #closeIfUnread(topic: Topic): void {
    if (topic.subscribers > 0 || topic.waiters.length > 0) return;
    this.#outbox.drop(topic);
    this.#topics.delete(topic.name);
    this.broker.unfollow(topic.name);
  }

  #tellMembership(name: string, userId: string, present: boolean): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const type = present ? "join" : "leave";
    const frame = encodeMembership(type, name, userId);
    for (let format = 0; format < this.#fanOuts.length; format++) {
      const channel = topic.channels[format]!;
      if (channel.subscribers > 0) this.#fanOuts[format]!.announce(channel, type, frame);
    }
  }
}
