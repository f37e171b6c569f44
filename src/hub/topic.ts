import type { TopicView } from "../broker/port.ts";
import type { Failure } from "../core/failure.ts";
import type { Timer } from "../core/ports.ts";
import type { Publication } from "../core/publication.ts";
import type { Channel, Subscriber } from "./ports.ts";
import type { Waiter } from "./waiter.ts";

class FormatChannel implements Channel {
  readonly topic: string;
  readonly native: string;
  subscribers = 0;

  constructor(topic: string, format: string) {
    this.topic = topic;
    this.native = `${format}/${topic}`;
  }
}

/** A topic that connections of this node read, or wait to read, or read a moment ago. */
export class Topic {
  readonly name: string;
  readonly channels: readonly FormatChannel[];
  /** Null while the broker is still being asked. */
  view: TopicView | null = null;
  /** Set while the broker is being asked; resolves with its refusal, or null. */
  opening: Promise<Failure | null> | null = null;
  /** Its broker had to be asked: what is stored reaches this node later, and to follow a topic takes time. */
  isRemote = false;
  /** Offset of the last publication handed to the fan-out; the rest, up to the top, is in `deferred`. */
  handed = 0;
  /** What the current tick had no room for, oldest first. */
  deferred: Publication[] = [];
  deferredBytes = 0;
  /** Bytes handed since `tick`, and the tick in which counting began. */
  tickBytes = 0;
  tick = 0;
  /** How long a publication may wait for others; 0: not at all. */
  flushMs = 0;
  /** Those that wait with it for the same moment; null: nothing of it waits so. */
  gatheredWith: Set<Topic> | null = null;
  /** The broker is told who reads it: from the first reader to the last one. */
  countsReaders = true;
  /** Those who wait to be let in; null: nobody ever did. */
  waiters: Map<Subscriber, Waiter> | null = null;
  /** How many of them wait for what is on its way to this node. */
  lagging = 0;
  /** How many keep it open without reading it. */
  holds = 0;
  /** Set while nobody wants it: it is closed when the time is over. */
  lingering: Timer | null = null;

  constructor(name: string, formats: readonly string[]) {
    this.name = name;
    this.channels = formats.map((format) => new FormatChannel(name, format));
  }

  /** Connections that read it, in every format. */
  get subscribers(): number {
    let count = 0;
    for (const channel of this.channels) count += channel.subscribers;
    return count;
  }

  /** Those who read it, and those who are about to. */
  get readers(): number {
    return this.subscribers + (this.waiters?.size ?? 0);
  }

  /** Somebody reads it, waits for it or holds it. */
  get isWanted(): boolean {
    return this.holds > 0 || this.subscribers > 0 || (this.waiters !== null && this.waiters.size > 0);
  }
}
