import type { TopicView } from "../broker/port.ts";
import type { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import type { Channel, OnJoined, Subscriber } from "./ports.ts";

/** Who wants to come in, and from where. */
export interface Entrant {
  readonly subscriber: Subscriber;
  readonly since: Position | undefined;
  readonly joined: OnJoined;
  readonly replayBytesMax: number;
}

/** An entrant whose answer has to wait: for the broker, or until the fan-out has reached its position. */
export interface Waiter extends Entrant {
  /** Called once: null when it was admitted, or why it was not. */
  readonly settle: (failure: Failure | null) => void;
}

class FormatChannel implements Channel {
  readonly topic: string;
  readonly native: string;
  subscribers = 0;

  constructor(topic: string, format: string) {
    this.topic = topic;
    this.native = `${format}/${topic}`;
  }
}

/** A topic that connections of this node read, or wait to read. */
export class Topic {
  readonly name: string;
  readonly channels: readonly FormatChannel[];
  /** Null while the broker is still being asked. */
  view: TopicView | null = null;
  /** Offset of the last publication handed to the fan-out; the rest, up to the top, is in `deferred`. */
  handed = 0;
  /** What the current tick had no room for, oldest first. */
  deferred: Publication[] = [];
  deferredBytes = 0;
  /** Bytes handed since `tick`, and the tick in which counting began. */
  tickBytes = 0;
  tick = 0;
  waiters: Waiter[] = [];

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
}
