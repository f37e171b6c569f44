import type { Scheduler } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Topic } from "./topic.ts";

/**
 * The bytes of a topic that one turn of the event loop hands to the sockets. Sockets are written to at the end
 * of a turn, so a burst that is larger than their buffers would close healthy readers: the rest goes next turn.
 */
const tickBytesMax = 1024 * 1024;

/**
 * Paces a topic's publications on their way to the fan-out, in order. While a topic is within its bytes for
 * the turn a publication passes straight through.
 */
export class Outbox {
  readonly #scheduler: Scheduler;
  readonly #hand: (topic: Topic, publication: Publication) => void;
  readonly #advanced: (topic: Topic) => void;
  readonly #delayed = new Set<Topic>();
  #tick = 0;
  #tickEndScheduled = false;

  /** `hand` passes one on; `advanced` is told after a delayed topic got further. */
  constructor(
    scheduler: Scheduler,
    hand: (topic: Topic, publication: Publication) => void,
    advanced: (topic: Topic) => void,
  ) {
    this.#scheduler = scheduler;
    this.#hand = hand;
    this.#advanced = advanced;
  }

  push(topic: Topic, publication: Publication): void {
    if (topic.deferred.length === 0 && this.#hasRoom(topic)) {
      this.#pass(topic, publication);
      return;
    }
    topic.deferred.push(publication);
    this.#delayed.add(topic);
    this.#scheduleTickEnd();
  }

  /** Hands over everything at once, before something that must not overtake it. */
  flush(topic: Topic): void {
    const { deferred } = topic;
    topic.deferred = [];
    this.#delayed.delete(topic);
    for (const publication of deferred) this.#pass(topic, publication);
  }

  drop(topic: Topic): void {
    topic.deferred = [];
    this.#delayed.delete(topic);
  }

  #hasRoom(topic: Topic): boolean {
    if (topic.tick !== this.#tick) {
      topic.tick = this.#tick;
      topic.tickBytes = 0;
    }
    return topic.tickBytes < tickBytesMax;
  }

  #pass(topic: Topic, publication: Publication): void {
    if (publication.offset > 0) topic.handed = publication.offset;
    topic.tickBytes += publication.bytes;
    // Ticks are only told apart once it could matter: a quiet server schedules nothing.
    if (topic.tickBytes > tickBytesMax / 2) this.#scheduleTickEnd();
    this.#hand(topic, publication);
  }

  #scheduleTickEnd(): void {
    if (this.#tickEndScheduled) return;
    this.#tickEndScheduled = true;
    this.#scheduler.nextTick(() => this.#endTick());
  }

  #endTick(): void {
    this.#tickEndScheduled = false;
    this.#tick++;
    for (const topic of this.#delayed) {
      let count = 0;
      while (count < topic.deferred.length && this.#hasRoom(topic))
        this.#pass(topic, topic.deferred[count++]!);
      topic.deferred = topic.deferred.slice(count);
      if (topic.deferred.length === 0) this.#delayed.delete(topic);
      this.#advanced(topic);
    }
    if (this.#delayed.size > 0) this.#scheduleTickEnd();
  }
}
