import { cursorSegment, joinCursor, topicHash } from "../core/cursor.ts";

/** The cursor of a topic set as it moves on, one position at a time. */
export class CursorWalk {
  readonly topics: readonly string[];
  readonly #hashes: readonly string[];
  readonly #segments: string[];
  readonly #indexOf = new Map<string, number>();
  #cursor = "";

  constructor(topics: readonly string[]) {
    this.topics = topics;
    this.#hashes = topics.map(topicHash);
    this.#segments = topics.map((topic, index) => {
      this.#indexOf.set(topic, index);
      return cursorSegment(this.#hashes[index]!, "none", 0);
    });
    if (topics.length > 0) this.#cursor = joinCursor(this.#segments);
  }

  /** The opaque cursor of all positions reached; empty where there are no topics. */
  get cursor(): string {
    return this.#cursor;
  }

  /** A walk of its own from the same place. */
  fork(): CursorWalk {
    const walk = new CursorWalk(this.topics);
    walk.#cursor = this.#cursor;
    for (let index = 0; index < this.#segments.length; index++)
      walk.#segments[index] = this.#segments[index]!;
    return walk;
  }

  reached(topic: string, epoch: string, offset: number): void {
    const index = this.#indexOf.get(topic);
    if (index === undefined) return;
    this.#segments[index] = cursorSegment(this.#hashes[index]!, epoch, offset);
    this.#cursor = joinCursor(this.#segments);
  }
}
