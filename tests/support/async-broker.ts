import type { MemoryBroker } from "../../src/broker/memory.ts";
import type {
  Broker,
  BrokerSink,
  BrokerUsage,
  HistoryQuery,
  PublishResult,
  TopicView,
} from "../../src/broker/port.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { Scheduler } from "../../src/core/ports.ts";
import type { PublishRequest } from "../../src/core/publication.ts";

/** Carries something from one place to another: later, and in order. */
export interface Wire {
  send(arrive: () => void): void;
}

/** A wire that takes so many turns of the event loop for each thing it carries. */
export function turnsWire(scheduler: Pick<Scheduler, "nextTick">, latency: () => number): Wire {
  const onTheWay: { turns: number; readonly arrive: () => void }[] = [];
  const turn = () => {
    for (let [first] = onTheWay; first !== undefined && first.turns <= 0; [first] = onTheWay) {
      onTheWay.shift();
      first.arrive();
    }
    if (onTheWay[0] === undefined) return;
    onTheWay[0].turns--;
    scheduler.nextTick(turn);
  };
  return {
    send(arrive) {
      onTheWay.push({ turns: latency(), arrive });
      if (onTheWay.length === 1) scheduler.nextTick(turn);
    },
  };
}

/** A wire on which everything waits until the test lets it go. */
export class HeldWire implements Wire {
  readonly #held: (() => void)[] = [];

  get held(): number {
    return this.#held.length;
  }

  send(arrive: () => void): void {
    this.#held.push(arrive);
  }

  /** Takes the oldest off the wire: the test lets them arrive by itself. */
  takeOut(count: number): (() => void)[] {
    return this.#held.splice(0, count);
  }

  /** Lets the oldest go, one by one, with what follows from each. */
  async release(count = this.#held.length): Promise<void> {
    for (let number = 0; number < count; number++) {
      this.#held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

export interface Wires {
  readonly calls: Wire;
  readonly answers: Wire;
  /** What is published and what becomes of the topics that are followed. */
  readonly news: Wire;
}

/** A followed topic as far as the news of it have arrived. */
class RemoteView implements TopicView {
  /** Null until it is known where the topic stands. */
  #log: TopicView | null = null;
  epoch = "";
  top = 0;

  get isLive(): boolean {
    return this.#log !== null;
  }

  begin(log: TopicView, epoch: string, top: number): void {
    this.#log = log;
    this.epoch = epoch;
    this.top = top;
  }

  range(offset: number, until: number, limit: number, bytesMax: number) {
    return this.#log?.epoch === this.epoch ? this.#log.range(offset, until, limit, bytesMax) : null;
  }
}

/**
 * A broker that answers later, as one across the network does: a memory broker at the other end of wires. An ack
 * and its publication arrive in either order.
 */
export class AsyncBroker implements Broker {
  readonly kind = "redis";
  readonly #inner: MemoryBroker;
  readonly #wires: Wires;
  readonly #followed = new Map<string, RemoteView>();
  #failure: Failure | null = null;
  #whenBack: (() => void)[] = [];

  constructor(create: (sink: BrokerSink) => MemoryBroker, sink: BrokerSink, wires: Wires) {
    this.#wires = wires;
    this.#inner = create({
      deliver: (topic, publication) =>
        this.#tell(topic, (view) => {
          if (publication.offset > 0) view.top = publication.offset;
          sink.deliver(topic, publication);
        }),
      broke: (topic, epoch, offset) =>
        this.#tell(topic, (view) => {
          view.epoch = epoch;
          view.top = offset;
          sink.broke(topic, epoch, offset);
        }),
      memberChanged: (topic, userId, present) =>
        wires.news.send(() => sink.memberChanged(topic, userId, present)),
    });
  }

  get isConnected(): boolean {
    return this.#failure === null;
  }

  /** Topics that the node follows, or is about to. */
  get followed(): number {
    return this.#followed.size;
  }

  /** From now on calls are answered with the failure; topics are followed when it is back. */
  fail(failure: Failure): void {
    this.#failure = failure;
  }

  recover(): void {
    this.#failure = null;
    for (const run of this.#whenBack.splice(0)) run();
  }

  check(): Promise<Failure | null> {
    return this.#ask(() => null);
  }

  publish(request: PublishRequest): Promise<PublishResult> {
    return this.#ask(() => this.#inner.publish(request));
  }

  follow(topic: string): Promise<TopicView | Failure> {
    const view = new RemoteView();
    this.#followed.set(topic, view);
    return new Promise((resolve) => {
      const follow = () => {
        if (this.#followed.get(topic) !== view) return;
        if (this.#failure !== null) {
          this.#whenBack.push(follow);
          return;
        }
        const log = this.#inner.follow(topic);
        if (!("epoch" in log)) {
          this.#followed.delete(topic);
          this.#wires.answers.send(() => resolve(log));
          return;
        }
        const { epoch, top } = log;
        // On the wire of the news: what comes before it is known from it, what comes after is not.
        this.#wires.news.send(() => {
          view.begin(log, epoch, top);
          resolve(view);
        });
      };
      this.#wires.calls.send(follow);
    });
  }

  unfollow(topic: string): void {
    this.#followed.delete(topic);
    this.#wires.calls.send(() => {
      if (!this.#followed.has(topic)) this.#inner.unfollow(topic);
    });
  }

  history(query: HistoryQuery) {
    return this.#ask(() => this.#inner.history(query));
  }

  kept(topic: string) {
    return this.#ask(() => [...this.#inner.kept(topic)]);
  }

  clearHistory(topic: string) {
    return this.#ask(() => this.#inner.clearHistory(topic));
  }

  describe(topic: string) {
    return this.#ask(() => this.#inner.describe(topic));
  }

  topics(prefix: string, limit: number) {
    return this.#ask(() => this.#inner.topics(prefix, limit));
  }

  enter(topic: string, userId: string | null): void {
    this.#inner.enter(topic, userId);
  }

  leave(topic: string, userId: string | null): void {
    this.#inner.leave(topic, userId);
  }

  presence(topic: string) {
    return this.#ask(() => {
      const { members, connections } = this.#inner.presence(topic);
      return { members: new Map(members), connections };
    });
  }

  usage(): BrokerUsage {
    return this.#inner.usage();
  }

  close(): void {
    this.#inner.close();
  }

  #ask<T>(run: () => T): Promise<T | Failure> {
    return new Promise((resolve) => {
      this.#wires.calls.send(() => {
        const answer = this.#failure ?? run();
        this.#wires.answers.send(() => resolve(answer));
      });
    });
  }

  #tell(topic: string, tell: (view: RemoteView) => void): void {
    this.#wires.news.send(() => {
      const view = this.#followed.get(topic);
      if (view?.isLive === true) tell(view);
    });
  }
}
