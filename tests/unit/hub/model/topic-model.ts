import type { Position } from "../../../../src/core/position.ts";

/** The bounds that decide what a resume finds. */
export interface ModelBounds {
  readonly historySize: number;
  readonly historyAgeMs: number;
  readonly historyTopicBytes: number;
  readonly keyAgeMs: number;
  readonly resumeLimit: number;
  readonly resumeBytesMax: number;
}

export interface Arrival {
  /** Unique among all publications of a run; the publication carries it. */
  readonly id: number;
  /** Null: it was not stored. */
  readonly position: Position | null;
  readonly bytes: number;
  readonly ts: number;
}

/** What a ring costs for each publication beside its text. */
const entryOverheadBytes = 112;

/** One topic as the design describes it: everything that ever arrived, and what of it is still held. */
export class TopicModel {
  readonly #bounds: ModelBounds;
  readonly arrivals: Arrival[] = [];
  readonly #indexById = new Map<number, number>();
  readonly #past = new Set<string>();
  #epoch: string | null = null;
  #stored: Arrival[] = [];
  /** Index in `#stored` of the oldest one held. */
  #oldest = 0;
  readonly #keys = new Map<string, { offset: number; at: number }>();

  constructor(bounds: ModelBounds) {
    this.#bounds = bounds;
  }

  get epoch(): string | null {
    return this.#epoch;
  }

  get top(): number {
    return this.#stored.length;
  }

  /** Whether the epoch was ever the topic's. */
  knows(epoch: string): boolean {
    return this.#past.has(epoch);
  }

  /** Takes note of the epoch that the server says it is in. */
  enter(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#past.has(epoch)) throw new Error(`epoch ${epoch} came back`);
    this.#past.add(epoch);
    this.#epoch = epoch;
    this.#stored = [];
    this.#oldest = 0;
    this.#keys.clear();
  }

  arrived(arrival: Arrival): void {
    this.#indexById.set(arrival.id, this.arrivals.length);
    this.arrivals.push(arrival);
    if (arrival.position === null) return;
    this.enter(arrival.position.epoch);
    if (arrival.position.offset !== this.top + 1) {
      throw new Error(`offset ${arrival.position.offset} was given after ${this.top}`);
    }
    this.#stored.push(arrival);
    while (this.#isOverfull()) this.#oldest++;
  }

  indexOf(id: number): number {
    const index = this.#indexById.get(id);
    if (index === undefined) throw new Error(`publication ${id} was never published to this topic`);
    return index;
  }

  at(epoch: string, offset: number): Arrival | undefined {
    return epoch === this.#epoch ? this.#stored[offset - 1] : undefined;
  }

  rememberKey(key: string, offset: number, at: number): void {
    this.#keys.set(key, { offset, at });
  }

  /** The offset that a repeat is to be answered with; undefined: the key is new. */
  offsetOfKey(key: string, now: number): number | undefined {
    const remembered = this.#keys.get(key);
    return remembered !== undefined && remembered.at + this.#bounds.keyAgeMs > now
      ? remembered.offset
      : undefined;
  }

  /**
   * Whether a resume since a position is to be recovered, when it is answered in an epoch and at an offset.
   * Null: both are right, as something it needs is old enough to be forgotten, and may not have been yet; or as the
   * epoch of the answer is over, and nobody has been told so far.
   */
  recovers(since: Position, answer: Position, now: number): boolean | null {
    if (answer.epoch !== this.#epoch) return null;
    if (since.epoch !== answer.epoch || since.offset > this.top) return false;
    if (since.offset > answer.offset)
      throw new Error("a resume was answered before the fan-out had come so far");
    const missed = this.#stored.slice(since.offset, answer.offset);
    const bytes = missed.reduce((sum, arrival) => sum + arrival.bytes, 0);
    if (missed.length > this.#bounds.resumeLimit || bytes > this.#bounds.resumeBytesMax) return false;
    if (missed.length > 0 && since.offset < this.#oldest) return false;
    return missed.some(({ ts }) => ts <= now - this.#bounds.historyAgeMs) ? null : true;
  }

  #isOverfull(): boolean {
    const held = this.#stored.slice(this.#oldest);
    if (held.length > this.#bounds.historySize) return true;
    const bytes = held.reduce((sum, arrival) => sum + arrival.bytes + entryOverheadBytes, 0);
    return bytes > this.#bounds.historyTopicBytes;
  }
}
