import type {
  Broker,
  BrokerSink,
  HistoryPage,
  HistoryQuery,
  Presence,
  PublishResult,
} from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler } from "../core/ports.ts";
import type { Position } from "../core/position.ts";
import type { Publication, PublishRequest } from "../core/publication.ts";
import { encodeMembership } from "../protocol/encode.ts";
import { Entrance } from "./entrance.ts";
import { MembershipEvents } from "./membership.ts";
import { type Hold, OpenTopics } from "./open-topics.ts";
import { Outbox } from "./outbox.ts";
import type { FanOut, HubCounters, OnJoined, PublishTimer, Subscriber, TopicPolicy } from "./ports.ts";
import type { Topic } from "./topic.ts";

export interface HubOptions {
  /** Publications replayed on one resume at most. */
  readonly resumeLimit: number;
  /** Bytes replayed on one resume at most. */
  readonly resumeBytesMax: number;
  /** Bytes of a topic that one turn of the event loop hands to its readers; the rest goes next turn. */
  readonly tickBytesMax: number;
  /** Connections of this node that may read one topic; 0: no bound. */
  readonly subscribersMax: number;
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
  readonly policy: TopicPolicy;
  /** Makes the broker, which needs the hub as its sink. */
  readonly broker: (sink: BrokerSink) => Broker;
}

const tooFast = new Failure(
  "rate_limited",
  "More was published to this topic than its readers can be sent by now: slow down.",
);

const tooManyReaders = new Failure(
  "unavailable",
  "This topic has as many readers here as it may: try again later.",
);

const notCounted = new Failure("forbidden", "It is not counted who reads this topic.");

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
  readonly #policy: TopicPolicy;
  readonly #formats: readonly string[];
  readonly #topics: OpenTopics;
  readonly #entrance: Entrance;
  readonly #outbox: Outbox;
  readonly #membership: MembershipEvents;
  #subscriptions = 0;

  constructor(options: HubOptions, ports: HubPorts) {
    this.#options = options;
    this.#counters = ports.counters;
    this.#publishTimer = ports.publishTimer;
    this.#fanOuts = ports.fanOuts;
    this.#policy = ports.policy;
    this.#formats = ports.fanOuts.map((fanOut) => fanOut.format);
    const { counters, scheduler } = ports;
    this.#entrance = new Entrance(options, {
      scheduler,
      counters,
      entered: (topic, subscriber) => this.#entered(topic, subscriber),
    });
    this.#outbox = new Outbox(
      {
        scheduler,
        hand: (topic, publication) => this.#hand(topic, publication),
        advanced: (topic) => this.#entrance.admitWaiters(topic),
        overflowed: (topic, offset) => this.#break(topic, topic.view!.epoch, offset),
      },
      options.tickBytesMax,
    );
    this.#membership = new MembershipEvents(
      ports.scheduler,
      options.membershipWindowMs,
      (topic, userId, present) => this.#tellMembership(topic, userId, present),
    );
    const broker = ports.broker(this);
    this.broker = broker;
    this.#topics = new OpenTopics(this.#formats, {
      scheduler,
      broker,
      policy: ports.policy,
      opened: (topic, failure) => {
        if (failure === null) this.#entrance.admitWaiters(topic);
        else this.#entrance.refuse(topic, failure);
      },
      closed: (topic) => this.#outbox.drop(topic),
    });
  }

  /** Subscriptions of all connections of this node. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** Topics that connections of this node read. */
  get topicsRead(): number {
    return this.#topics.wanted;
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
    const refusal = this.#policy.check(request);
    if (refusal !== null) return refusal;
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
    const topic = this.#topics.open(name);
    if (topic instanceof Failure) return topic;
    const { subscribersMax } = this.#options;
    if (subscribersMax > 0 && topic.readers >= subscribersMax) return tooManyReaders;
    return this.#entrance.enter(topic, { subscriber, since, joined, replayBytesMax });
  }

  /** Ends a subscription, or the wait for one. */
  unsubscribe(subscriber: Subscriber, name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    if (!this.#entrance.cancel(topic, subscriber)) {
      topic.channels[subscriber.format]!.subscribers--;
      this.#subscriptions--;
      if (topic.countsReaders) this.broker.leave(name, subscriber.userId);
    }
    this.#topics.closeIfUnwanted(topic);
  }

  /** Opens topics ahead of `subscribe`, so that it can be answered in place when they are ready. */
  hold(names: readonly string[]): Hold {
    return this.#topics.hold(names);
  }

  /** How far the readers of a topic of this node have come; null: it is not known. */
  positionOf(name: string): Position | null {
    const topic = this.#topics.get(name);
    return topic === undefined || topic.view === null
      ? null
      : { epoch: topic.view.epoch, offset: topic.handed };
  }

  /** What the readers of a topic have been handed since a position; none where that is not held. */
  handedSince(name: string, since: Position): readonly Publication[] {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.view === null || topic.view.epoch !== since.epoch) return [];
    const { resumeLimit, resumeBytesMax } = this.#options;
    return topic.view.range(since.offset, topic.handed, resumeLimit, resumeBytesMax) ?? [];
  }

  history(query: HistoryQuery): MaybePromise<HistoryPage | Failure> {
    this.#counters.historyReads++;
    return this.broker.history(query);
  }

  /** Who reads a topic, in the whole cluster. */
  presence(topic: string): MaybePromise<Presence | Failure> {
    return this.#policy.countsReaders(topic) ? this.broker.presence(topic) : notCounted;
  }

  /** The policy says other things now. */
  policyChanged(): void {
    this.#topics.policyChanged();
  }

  close(): MaybePromise<void> {
    this.#membership.close();
    this.#topics.close();
    return this.broker.close();
  }

  deliver(name: string, publication: Publication): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.view === null) return;
    this.#outbox.push(topic, publication);
    if (topic.lagging > 0) this.#entrance.admitWaiters(topic);
  }

  broke(name: string, epoch: string, offset: number): void {
    const topic = this.#topics.get(name);
    if (topic !== undefined && topic.view !== null) this.#break(topic, epoch, offset);
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

  #entered(topic: Topic, subscriber: Subscriber): void {
    topic.channels[subscriber.format]!.subscribers++;
    this.#subscriptions++;
    if (topic.countsReaders) this.broker.enter(topic.name, subscriber.userId);
  }

  /** Lets the topic go on after `offset`, without what was still to be handed over. */
  #break(topic: Topic, epoch: string, offset: number): void {
    this.#outbox.finish(topic);
    topic.handed = offset;
    for (let format = 0; format < this.#fanOuts.length; format++) {
      const channel = topic.channels[format]!;
      if (channel.subscribers > 0) this.#fanOuts[format]!.broke(channel, epoch, offset);
    }
    this.#entrance.admitWaiters(topic);
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
