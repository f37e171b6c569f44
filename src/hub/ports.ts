import type { Failure } from "../core/failure.ts";
import type { Publication, PublishRequest } from "../core/publication.ts";

/**
 * One wire format's way to all connections that read a topic in it. The hub encodes once and hands over once;
 * how the copies are made is the transport's business, and no loop of the hub's.
 */
export interface FanOut {
  /** `format` is part of the native topic, `<format>/<topic>`. */
  readonly format: string;
  /** To everyone in `channel.native`; `subscribers` is how many that are. */
  deliver(channel: Channel, publication: Publication): void;
  /** A frame that is no publication: a member came or left. To those alone who may see who reads the topic. */
  announce(channel: Channel, type: string, frame: string): void;
  /** The topic goes on from `offset` in another epoch. */
  broke(channel: Channel, epoch: string, offset: number): void;
}

/** A topic in one wire format. */
export interface Channel {
  readonly topic: string;
  /** Name of the topic among Bun's native ones. */
  readonly native: string;
  /** Connections that read it in this format, on this node. */
  readonly subscribers: number;
}

/** A connection, as the hub sees it. */
export interface Subscriber {
  /** Null: it has none. */
  readonly userId: string | null;
  /** Index of its wire format among the hub's `FanOut`s. */
  readonly format: number;
  /**
   * Told that it can be let into a topic for which it had to wait; without it, it is let in at once. `admit` is to be
   * called once, when it may be sent what it missed; of that `replayBytesMax` at most, or as much as it asked for. It
   * may have left by then.
   */
  whenReady?(admit: Admit): void;
}

export type Admit = (replayBytesMax?: number) => void;

/**
 * Told that a subscriber is subscribed from this moment on. In this very call it must join the native topic
 * and be sent its answer and `replay`: whatever is published next comes through the fan-out.
 */
export type OnJoined = (channel: Channel, answer: Joined) => void;

export interface Joined {
  readonly epoch: string;
  /** What follows live starts after it. */
  readonly offset: number;
  /** Absent: no resume was asked for. */
  readonly recovered?: boolean;
  /** What the client missed, oldest first; empty unless recovered. */
  readonly replay: readonly Publication[];
}

/** What holds for topics, one by one. Asked on the path of every message. */
export interface TopicPolicy {
  /** Why a publication cannot be taken; null: it can. */
  check(request: PublishRequest): Failure | null;
  /** How long a publication may wait for others before all go out together; 0: not at all. */
  flushMsOf(topic: string): number;
  /** Whether it is known who reads the topic. */
  countsReaders(topic: string): boolean;
}

/** Times some of the publishes; `begin` gives what `end` wants. */
export interface PublishTimer {
  begin(): number;
  end(started: number): void;
}

/** Plain numbers that the hub counts and telemetry reads. */
export interface HubCounters {
  publicationsUnstored: number;
  publicationsRepeated: number;
  resumesRecovered: number;
  resumesNotRecovered: number;
  publicationsReplayed: number;
  historyReads: number;
}
