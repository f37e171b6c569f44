import type { TopicView } from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler } from "../core/ports.ts";
import type { Position } from "../core/position.ts";
import type { HubCounters, Joined, Subscriber } from "./ports.ts";
import type { Topic } from "./topic.ts";
import { type Entrant, Waiter } from "./waiter.ts";

export interface EntranceOptions {
  /** Publications replayed on one resume at most. */
  readonly resumeLimit: number;
}

export interface EntrancePorts {
  readonly scheduler: Scheduler;
  readonly counters: HubCounters;
  /** Counts a subscriber in; called before it is answered. */
  readonly entered: (topic: Topic, subscriber: Subscriber) => void;
}

/** How long a position beyond the topic's top is believed: its publication may be on its way to this node. */
const lagPatienceMs = 1000;

/** How a wait ends that its subscriber has ended. */
export const notAnswered = new Failure("conflict", "The subscription was ended before it was answered.");

/** Where subscribers come into topics, each without missing or repeating anything. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #ports: EntrancePorts;

  constructor(options: EntranceOptions, ports: EntrancePorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Lets it in at once, or as soon as that can be answered. */
  enter(topic: Topic, entrant: Entrant): MaybePromise<Failure | null> {
    const { view } = topic;
    if (view === null || this.#isAhead(topic, view, entrant.since)) return this.#wait(topic, entrant);
    this.#admit(topic, view, entrant, entrant.replayBytesMax);
    return null;
  }

  /** Ends the wait of a subscriber; false: it does not wait. */
  cancel(topic: Topic, subscriber: Subscriber): boolean {
    const waiter = topic.waiters?.get(subscriber);
    if (waiter === undefined) return false;
    this.#remove(topic, waiter);
    waiter.settle(notAnswered);
    return true;
  }

  /** Lets in whom the topic has become ready for. */
  admitWaiters(topic: Topic): void {
    const { view, waiters } = topic;
    if (view === null || waiters === null) return;
    for (const waiter of waiters.values()) this.#look(topic, view, waiter);
  }

  /** Tells all who wait that the topic cannot be read. */
  refuse(topic: Topic, failure: Failure): void {
    for (const waiter of [...(topic.waiters?.values() ?? [])]) {
      this.#remove(topic, waiter);
      waiter.settle(failure);
    }
  }

  #wait(topic: Topic, entrant: Entrant): Promise<Failure | null> {
    return new Promise((settle) => {
      const waiter = new Waiter(entrant, settle);
      topic.waiters ??= new Map();
      topic.waiters.set(entrant.subscriber, waiter);
      if (topic.view !== null) this.#look(topic, topic.view, waiter);
    });
  }

  #look(topic: Topic, view: TopicView, waiter: Waiter): void {
    if (this.#mustWait(topic, view, waiter)) return;
    const { subscriber } = waiter.entrant;
    if (subscriber.whenReady === undefined) {
      this.#letIn(topic, view, waiter, waiter.entrant.replayBytesMax);
    } else if (!waiter.isAsked) {
      waiter.isAsked = true;
      subscriber.whenReady((replayBytesMax = waiter.entrant.replayBytesMax) =>
        this.#admitReady(topic, waiter, replayBytesMax),
      );
    }
  }

  /** What it waited for may be out of reach again: its topic may have another epoch by now. */
  #admitReady(topic: Topic, waiter: Waiter, replayBytesMax: number): void {
    const { view } = topic;
    waiter.isAsked = false;
    if (view === null || topic.waiters?.get(waiter.entrant.subscriber) !== waiter) return;
    if (!this.#mustWait(topic, view, waiter)) this.#letIn(topic, view, waiter, replayBytesMax);
  }

  #letIn(topic: Topic, view: TopicView, waiter: Waiter, replayBytesMax: number): void {
    this.#remove(topic, waiter);
    this.#admit(topic, view, waiter.entrant, replayBytesMax);
    waiter.settle(null);
  }

  #remove(topic: Topic, waiter: Waiter): void {
    topic.waiters?.delete(waiter.entrant.subscriber);
    this.#endPatience(topic, waiter);
  }

  #mustWait(topic: Topic, view: TopicView, waiter: Waiter): boolean {
    const { since } = waiter.entrant;
    if (since === undefined || !this.#isAhead(topic, view, since)) return false;
    if (since.offset <= view.top) return true;
    if (waiter.gaveUp) return false;
    if (waiter.patience === null) {
      topic.lagging++;
      waiter.patience = this.#ports.scheduler.after(lagPatienceMs, () => {
        this.#endPatience(topic, waiter);
        waiter.gaveUp = true;
        this.admitWaiters(topic);
      });
    }
    return true;
  }

  #endPatience(topic: Topic, waiter: Waiter): void {
    if (waiter.patience === null) return;
    waiter.patience.cancel();
    waiter.patience = null;
    topic.lagging--;
  }

  /** Whether the position is one that the fan-out has yet to reach: what comes first must not be repeated. */
  #isAhead(topic: Topic, view: TopicView, since: Position | undefined): boolean {
    if (since === undefined || since.epoch !== view.epoch || since.offset <= topic.handed) return false;
    return topic.isRemote || since.offset <= view.top;
  }

  #admit(topic: Topic, view: TopicView, entrant: Entrant, replayBytesMax: number): void {
    const { subscriber } = entrant;
    // Counted first: the subscriber may be gone by the end of `joined`, and then leaves again by itself.
    this.#ports.entered(topic, subscriber);
    entrant.joined(
      topic.channels[subscriber.format]!,
      this.#answer(topic, view, entrant.since, replayBytesMax),
    );
  }

  #answer(topic: Topic, view: TopicView, since: Position | undefined, replayBytesMax: number): Joined {
    const { counters } = this.#ports;
    const { epoch } = view;
    const offset = topic.handed;
    if (since === undefined) return { epoch, offset, replay: [] };
    const replay =
      since.epoch === epoch
        ? view.range(since.offset, offset, this.#options.resumeLimit, replayBytesMax)
        : null;
    if (replay === null) {
      counters.resumesNotRecovered++;
      return { epoch, offset, recovered: false, replay: [] };
    }
    counters.resumesRecovered++;
    counters.publicationsReplayed += replay.length;
    return { epoch, offset, recovered: true, replay };
  }
}
