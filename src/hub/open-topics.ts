import type { Broker, TopicView } from "../broker/port.ts";
import { Failure } from "../core/failure.ts";
import type { Scheduler } from "../core/ports.ts";
import type { TopicPolicy } from "./ports.ts";
import { Topic } from "./topic.ts";

/** Topics that are kept open for somebody who is about to enter them, so that it can enter all of them at once. */
export class Hold {
  /** Resolves when the broker has answered for each of them; null: it has. */
  readonly ready: Promise<unknown> | null;
  readonly #held: readonly Topic[];
  readonly #topics: OpenTopics;

  constructor(held: readonly Topic[], topics: OpenTopics) {
    this.#held = held;
    this.#topics = topics;
    const isReady = held.every(({ opening }) => opening === null);
    this.ready = isReady ? null : Promise.all(held.map(({ opening }) => opening));
  }

  /** To be called once, after entering. */
  release(): void {
    for (const topic of this.#held) {
      topic.holds--;
      this.#topics.closeIfUnwanted(topic);
    }
  }
}

export interface OpenTopicsPorts {
  readonly scheduler: Scheduler;
  readonly broker: Pick<Broker, "follow" | "unfollow">;
  readonly policy: TopicPolicy;
  /** The broker has answered for a topic that somebody may wait for: with a view, or a refusal. */
  readonly opened: (topic: Topic, failure: Failure | null) => void;
  /** Nothing may be kept of the topic. */
  readonly closed: (topic: Topic) => void;
}

/** How long a topic that was not to be had for nothing is kept when nobody wants it: its reader may come back. */
const lingerMs = 5000;
/** Topics that are kept so; beyond it the one that nobody has wanted for the longest time is closed. */
const lingeringMax = 1000;

/** The topics that are open on this node: the broker follows them. */
export class OpenTopics {
  readonly #formats: readonly string[];
  readonly #ports: OpenTopicsPorts;
  readonly #topics = new Map<string, Topic>();
  readonly #lingering = new Set<Topic>();

  /** `formats` are the wire formats, in the order of a topic's channels. */
  constructor(formats: readonly string[], ports: OpenTopicsPorts) {
    this.#formats = formats;
    this.#ports = ports;
  }

  /** Topics that somebody wants. */
  get wanted(): number {
    return this.#topics.size - this.#lingering.size;
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  /** The topic, for somebody who enters it at once; a Failure when it cannot be followed. */
  open(name: string): Topic | Failure {
    const topic = this.#topics.get(name);
    if (topic === undefined) return this.#follow(name);
    if (topic.lingering !== null) {
      this.#endLingering(topic);
      topic.countsReaders = this.#ports.policy.countsReaders(name);
    }
    return topic;
  }

  /** The policy says other things now. Who reads a topic is counted, or not, until its last reader has left. */
  policyChanged(): void {
    for (const topic of this.#topics.values()) topic.flushMs = this.#ports.policy.flushMsOf(topic.name);
  }

  /** Opens topics, and keeps those that can be followed. */
  hold(names: readonly string[]): Hold {
    const held: Topic[] = [];
    for (const name of names) {
      const topic = this.open(name);
      if (topic instanceof Failure) continue;
      topic.holds++;
      held.push(topic);
    }
    return new Hold(held, this);
  }

  closeIfUnwanted(topic: Topic): void {
    if (topic.isWanted || topic.lingering !== null || this.#topics.get(topic.name) !== topic) return;
    if (topic.isRemote && topic.view !== null) this.#linger(topic);
    else this.#close(topic);
  }

  /** Ends all waiting; the broker is closed by its owner. */
  close(): void {
    for (const topic of this.#lingering) topic.lingering?.cancel();
  }

  #follow(name: string): Topic | Failure {
    const topic = new Topic(name, this.#formats);
    topic.flushMs = this.#ports.policy.flushMsOf(name);
    topic.countsReaders = this.#ports.policy.countsReaders(name);
    const view = this.#ports.broker.follow(name);
    if (view instanceof Failure) return view;
    this.#topics.set(name, topic);
    if (view instanceof Promise) {
      topic.isRemote = true;
      topic.opening = view.then((settled) => this.#opened(topic, settled));
    } else {
      this.#goLive(topic, view);
    }
    return topic;
  }

  #opened(topic: Topic, view: TopicView | Failure): Failure | null {
    topic.opening = null;
    const failure = view instanceof Failure ? view : null;
    // It may have been closed meanwhile, and even opened anew.
    if (this.#topics.get(topic.name) !== topic) return failure;
    if (view instanceof Failure) this.#topics.delete(topic.name);
    else this.#goLive(topic, view);
    this.#ports.opened(topic, failure);
    return failure;
  }

  #goLive(topic: Topic, view: TopicView): void {
    topic.view = view;
    topic.handed = view.top;
  }

  #linger(topic: Topic): void {
    topic.lingering = this.#ports.scheduler.after(lingerMs, () => this.#close(topic));
    this.#lingering.add(topic);
    if (this.#lingering.size <= lingeringMax) return;
    for (const oldest of this.#lingering) {
      this.#close(oldest);
      return;
    }
  }

  #endLingering(topic: Topic): void {
    topic.lingering?.cancel();
    topic.lingering = null;
    this.#lingering.delete(topic);
  }

  #close(topic: Topic): void {
    this.#endLingering(topic);
    this.#topics.delete(topic.name);
    this.#ports.closed(topic);
    this.#ports.broker.unfollow(topic.name);
  }
}
