import type { Scheduler } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Topic } from "./topic.ts";

const mebibyte = 1024 * 1024;

/** Bytes of a topic that may wait for later turns; a publisher that is faster than its readers has to slow down. */
const deferredBytesMax = 64 * mebibyte;

/** Bytes that may wait of all topics together; beyond it those slow down of whose topic something waits. */
const allDeferredBytesMax = 2 * deferredBytesMax;

/**
 * So many times these bounds, what waits of a topic is given up: publishers of other nodes are not told to slow
 * down, and those of this one only for what comes after.
 */
const overflowFactor = 2;

export interface OutboxPorts {
  readonly scheduler: Scheduler;
  /** Passes one on. */
  readonly hand: (topic: Topic, publication: Publication) => void;
  /** A delayed topic got further. */
  readonly advanced: (topic: Topic) => void;
  /** More waits of the topic than can be kept: it is to go on after `offset`, the last one's. */
  readonly overflowed: (topic: Topic, offset: number) => void;
}

/**
 * Paces a topic's publications on their way to the fan-out, in order. While a topic is within its bytes for
 * the turn a publication passes straight through.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #hand: (topic: Topic, publication: Publication) => void;
  readonly #tickBytesMax: number;
  readonly #delayed = new Set<Topic>();
  /** Topics whose publications wait for others, by how long; those of one time wait for the same moment. */
  readonly #gathering = new Map<number, Set<Topic>>();
  #deferredBytes = 0;
  #tick = 0;
  #tickEndScheduled = false;

  /**
   * `tickBytesMax` is what one turn of the event loop hands over of a topic: sockets are written to at the end of a
   * turn, so a burst that is larger than their buffers would close healthy readers. The rest goes next turn.
   */
  constructor(ports: OutboxPorts, tickBytesMax: number) {
    this.#ports = ports;
    this.#hand = ports.hand;
    this.#tickBytesMax = tickBytesMax;
  }

  push(topic: Topic, publication: Publication): void {
    const isFirst = topic.deferred.length === 0;
    if (isFirst && topic.flushMs === 0 && this.#hasRoom(topic)) {
      this.#pass(topic, publication);
      return;
    }
    topic.deferred.push(publication);
    this.#countDeferred(topic, publication.bytes);
    if (isFirst && topic.flushMs > 0) this.#gather(topic);
    else if (topic.gatheredWith === null || topic.deferredBytes > this.#tickBytesMax) this.#delay(topic);
    if (this.#overflows(topic)) this.#ports.overflowed(topic, lastOffset(topic));
  }

  /** Whether no more of the topic should be published until its readers have been sent some of what waits. */
  isFull(topic: Topic | undefined): boolean {
    if (topic === undefined || topic.deferredBytes === 0) return false;
    return topic.deferredBytes >= deferredBytesMax || this.#deferredBytes >= allDeferredBytesMax;
  }

  /** Nothing waits, of any topic. */
  get isIdle(): boolean {
    return this.#delayed.size === 0 && this.#gathering.size === 0;
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
    topic.gatheredWith?.delete(topic);
    topic.gatheredWith = null;
  }

  #gather(topic: Topic): void {
    if (topic.gatheredWith !== null) return;
    const { flushMs } = topic;
    let together = this.#gathering.get(flushMs);
    if (together === undefined) {
      together = new Set();
      this.#gathering.set(flushMs, together);
      this.#ports.scheduler.after(flushMs, () => this.#flush(flushMs));
    }
    together.add(topic);
    topic.gatheredWith = together;
  }

  #flush(flushMs: number): void {
    const topics = this.#gathering.get(flushMs) ?? [];
    this.#gathering.delete(flushMs);
    for (const topic of topics) {
      topic.gatheredWith = null;
      this.#passWhatFits(topic);
      if (topic.deferred.length > 0) this.#delay(topic);
      this.#ports.advanced(topic);
    }
  }

  /** Leaves the rest to the next turn. */
  #delay(topic: Topic): void {
    this.#delayed.add(topic);
    this.#scheduleTickEnd();
  }

  #overflows(topic: Topic): boolean {
    return (
      topic.deferredBytes >= overflowFactor * deferredBytesMax ||
      this.#deferredBytes >= overflowFactor * allDeferredBytesMax
    );
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
    this.#ports.scheduler.nextTick(() => this.#endTick());
  }

  #endTick(): void {
    this.#tickEndScheduled = false;
    this.#tick++;
    for (const topic of this.#delayed) {
      this.#passWhatFits(topic);
      if (topic.deferred.length === 0) this.#delayed.delete(topic);
      this.#ports.advanced(topic);
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

/** Of the last publication with a position that waits, or else that was handed over. */
function lastOffset(topic: Topic): number {
  return topic.deferred.findLast(({ offset }) => offset > 0)?.offset ?? topic.handed;
}
