import type { Scheduler } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Topic } from "./topic.ts";

const mebibyte = 1024 * 1024;

/** Bytes of a topic that may wait for later turns; a publisher that is faster than its readers has to slow down. */
const deferredBytesMax = 64 * mebibyte;

/** Bytes that may wait of all topics together; beyond it those slow down of whose topic something waits. */
const allDeferredBytesMax = 2 * deferredBytesMax;

/**
 * Paces a topic's publications on their way to the fan-out, in order. While a topic is within its bytes for
 * the turn a publication passes straight through.
 */
export class Outbox {
  readonly #scheduler: Scheduler;
  readonly #hand: (topic: Topic, publication: Publication) => void;
  readonly #advanced: (topic: Topic) => void;
  readonly #tickBytesMax: number;
  readonly #delayed = new Set<Topic>();
  #deferredBytes = 0;
  #tick = 0;
  #tickEndScheduled = false;

  /**
   * `hand` passes one on; `advanced` is told after a delayed topic got further. `tickBytesMax` is what one turn of
   * the event loop hands over of a topic: sockets are written to at the end of a turn, so a burst that is larger
   * than their buffers would close healthy readers. The rest goes next turn.
   */
  constructor(
    scheduler: Scheduler,
    hand: (topic: Topic, publication: Publication) => void,
    advanced: (topic: Topic) => void,
    tickBytesMax: number,
  ) {
    this.#scheduler = scheduler;
    this.#hand = hand;
    this.#advanced = advanced;
    this.#tickBytesMax = tickBytesMax;
  }

  push(topic: Topic, publication: Publication): void {
    if (topic.deferred.length === 0 && this.#hasRoom(topic)) {
      this.#pass(topic, publication);
      return;
    }
    topic.deferred.push(publication);
    this.#countDeferred(topic, publication.bytes);
    this.#delayed.add(topic);
    this.#scheduleTickEnd();
  }

  /** Whether no more of the topic should be published until its readers have been sent some of what waits. */
  isFull(topic: Topic | undefined): boolean {
    if (topic === undefined || topic.deferredBytes === 0) return false;
    return topic.deferredBytes >= deferredBytesMax || this.#deferredBytes >= allDeferredBytesMax;
  }

  /** Nothing waits, of any topic. */
  get isIdle(): boolean {
    return this.#delayed.size === 0;
  }

  /**
   * Ends what waits, before readers are told of a break. The turn's room is filled; of the rest the break
   * tells them, as more at once would close those who read well.
   */
  finish(topic: Topic): void {
    this.#passWhatFits(topic);
    this.drop(topic);
  }

  drop(topic: Topic): void {
    topic.deferred = [];
    this.#countDeferred(topic, -topic.deferredBytes);
    this.#delayed.delete(topic);
  }

  #hasRoom(topic: Topic): boolean {
    if (topic.tick !== this.#tick) {
      topic.tick = this.#tick;
      topic.tickBytes = 0;
    }
    return topic.tickBytes < this.#tickBytesMax;
  }

  #pass(topic: Topic, publication: Publication): void {
    if (publication.offset > 0) topic.handed = publication.offset;
    topic.tickBytes += publication.bytes;
    // Ticks are only told apart once it could matter: a quiet server schedules nothing.
    if (topic.tickBytes > this.#tickBytesMax / 2) this.#scheduleTickEnd();
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
      this.#passWhatFits(topic);
      if (topic.deferred.length === 0) this.#delayed.delete(topic);
      this.#advanced(topic);
    }
    if (this.#delayed.size > 0) this.#scheduleTickEnd();
  }

  #passWhatFits(topic: Topic): void {
    const { deferred } = topic;
    let count = 0;
    // The topic is dropped in the midst of this when its last reader turns out to be too slow.
    while (topic.deferred === deferred && count < deferred.length && this.#hasRoom(topic)) {
      const publication = deferred[count++]!;
      this.#countDeferred(topic, -publication.bytes);
      this.#pass(topic, publication);
    }
    if (topic.deferred === deferred) topic.deferred = deferred.slice(count);
  }

  #countDeferred(topic: Topic, bytes: number): void {
    topic.deferredBytes += bytes;
    this.#deferredBytes += bytes;
  }
}
