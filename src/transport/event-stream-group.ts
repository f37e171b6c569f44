import { encodeEvent, heartbeatComment } from "../protocol/event-stream.ts";
import { CursorWalk } from "./cursor-walk.ts";
import type { EventStream } from "./event-stream.ts";

const encoder = new TextEncoder();

/** A position that an event moves the cursor to. */
export interface Place {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
}

/**
 * All streams that read the same set of topics, and are told of the members of the same ones among them. They are at the same place in each, so that the events of one
 * turn of the event loop, cursors included, are one chunk of bytes which all of them share.
 */
export class StreamGroup {
  readonly key: string;
  readonly streams = new Set<EventStream>();
  readonly walk: CursorWalk;
  /** Those of its topics whose members' coming and going it is told of. */
  readonly watched: readonly string[];
  #text = "";
  /** Where the cursor was before the first event that waits. */
  #cursorBefore = "";
  #events = 0;
  #spoken = false;

  /** `topics` are sorted, `watched` are some of them, `key` is made of both. */
  constructor(key: string, topics: readonly string[], watched: readonly string[]) {
    this.key = key;
    this.watched = watched;
    this.walk = new CursorWalk(topics);
  }

  get topics(): readonly string[] {
    return this.walk.topics;
  }

  /** Events that wait to be sent. */
  get waiting(): number {
    return this.#events;
  }

  /** The cursor that the streams of the group have been sent; what waits for the end of the turn is beyond it. */
  get sentCursor(): string {
    return this.#events === 0 ? this.walk.cursor : this.#cursorBefore;
  }

  /** Adds an event; `place`, where it has one, moves the cursor first. */
  add(type: string, data: string, place: Place | null): void {
    if (this.#events === 0) this.#cursorBefore = this.walk.cursor;
    if (place !== null) this.walk.reached(place.topic, place.epoch, place.offset);
    this.#text += encodeEvent(type, this.walk.cursor, data);
    this.#events++;
  }

  /** The waiting events as one chunk for all; null when there is none. */
  take(): Uint8Array | null {
    const chunk = this.peek();
    if (chunk === null) return null;
    this.#text = "";
    this.#events = 0;
    this.#spoken = true;
    return chunk;
  }

  /** What `take` would give, which goes on waiting. */
  peek(): Uint8Array | null {
    return this.#events === 0 ? null : encoder.encode(this.#text);
  }

  /** A comment, if nothing was sent since the last time. */
  beat(): Uint8Array | null {
    const spoken = this.#spoken;
    this.#spoken = false;
    return spoken ? null : heartbeat;
  }
}

const heartbeat = encoder.encode(heartbeatComment);
