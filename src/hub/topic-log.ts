import type { HistoryPage, HistoryQuery, TopicView } from "../broker/port.ts";
import type { Publication } from "../core/publication.ts";
import { KeyMemory } from "./key-memory.ts";
import { Ring } from "./ring.ts";
import { takePage } from "./take-page.ts";

/** The bounds of each topic's history. */
export interface LogBounds {
  /** Publications. */
  readonly size: number;
  readonly ageMs: number;
  readonly bytes: number;
  readonly keyAgeMs: number;
  readonly keysMax: number;
}

/** What a topic costs while it is known, beside its ring, keys and name. */
const topicOverheadBytes = 512;

/**
 * One topic's order and recent past: its epoch, its top offset, the ring of its last publications and the
 * keys it remembers.
 */
export class TopicLog implements TopicView {
  readonly topic: string;
  /** Nodes' sinks that follow it; a followed topic is never forgotten. */
  followed = false;
  /** Unix milliseconds of the last publication or read; kept by the broker. */
  usedAt = 0;
  /** Its neighbours among those used before and after it; kept by the broker. */
  earlier: TopicLog | null = null;
  later: TopicLog | null = null;
  /** Kept from the next publication on, and when it is trimmed. */
  bounds: LogBounds;
  #epoch: string;
  #top = 0;
  readonly #ring = new Ring();
  #keys: KeyMemory | null = null;

  constructor(topic: string, epoch: string, bounds: LogBounds) {
    this.topic = topic;
    this.#epoch = epoch;
    this.bounds = bounds;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get top(): number {
    return this.#top;
  }

  get bytes(): number {
    return topicOverheadBytes + this.topic.length + this.contentBytes;
  }

  /** Bytes of its ring and keys, which a new epoch does without. */
  get contentBytes(): number {
    return this.#ring.bytes + (this.#keys?.bytes ?? 0);
  }

  /** Nothing would be lost by forgetting it but the number of its next offset. */
  get isEmpty(): boolean {
    return this.#ring.length === 0 && (this.#keys === null || this.#keys.size === 0);
  }

  /** Takes the publication at the next offset. */
  append(publication: Publication): void {
    if (publication.offset !== this.#top + 1) {
      throw new Error(`topic ${this.topic}: offset ${publication.offset} after ${this.#top}`);
    }
    this.#top = publication.offset;
    this.#ring.push(publication);
    this.#trimRing(publication.ts);
  }

  offsetOfKey(key: string, now: number): number | undefined {
    return this.#keys?.offsetOf(key, now);
  }

  rememberKey(key: string, offset: number, now: number): void {
    this.#keys ??= new KeyMemory(this.bounds.keyAgeMs, this.bounds.keysMax);
    this.#keys.remember(key, offset, now);
  }

  /** Drops what is beyond its age. */
  trim(now: number): void {
    this.#trimRing(now);
    if (this.#keys === null) return;
    this.#keys.trim(now);
    if (this.#keys.size === 0) this.#keys = null;
  }

  /** Begins anew after `top`: positions, ring and keys of what was before are gone. */
  restart(epoch: string, top = 0): void {
    this.#epoch = epoch;
    this.#top = top;
    this.#ring.clear();
    this.#keys = null;
  }

  /** Lets go of the publications it holds, and of nothing else. */
  dropHistory(): void {
    this.#ring.clear();
  }

  range(offset: number, until: number, limit: number, bytesMax: number): readonly Publication[] | null {
    const count = until - offset;
    if (count === 0) return [];
    if (count < 0 || count > limit) return null;
    const first = this.#indexOf(offset + 1);
    if (first < 0) return null;
    const publications = new Array<Publication>(count);
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      const publication = this.#ring.at(first + index);
      bytes += publication.bytes;
      if (bytes > bytesMax) return null;
      publications[index] = publication;
    }
    return publications;
  }

  page(query: HistoryQuery, now: number): HistoryPage {
    this.trim(now);
    const publications = query.since === undefined ? this.#newest(query) : this.#after(query);
    if (query.reverse === true) publications.reverse();
    return { epoch: this.#epoch, offset: this.#top, publications };
  }

  #newest(query: HistoryQuery): Publication[] {
    return takePage(this.#ring.newestFirst(), query).reverse();
  }

  #after(query: HistoryQuery): Publication[] {
    const offset = query.since?.epoch === this.#epoch ? query.since.offset : 0;
    return takePage(this.#ring.from(Math.max(0, offset + 1 - this.#oldestOffset)), query);
  }

  get #oldestOffset(): number {
    return this.#top - this.#ring.length + 1;
  }

  /** Where in the ring the offset is; -1 when it is not held. */
  #indexOf(offset: number): number {
    const index = offset - this.#oldestOffset;
    return index >= 0 && index < this.#ring.length ? index : -1;
  }

  #trimRing(now: number): void {
    const ring = this.#ring;
    const oldestTs = now - this.bounds.ageMs;
    while (
      ring.length > this.bounds.size ||
      ring.bytes > this.bounds.bytes ||
      (ring.oldest !== undefined && ring.oldest.ts <= oldestTs)
    ) {
      ring.dropOldest();
    }
  }
}
