import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Position } from "../core/position.ts";
import type { Publication, PublishRequest } from "../core/publication.ts";

/**
 * Where order is decided. A broker gives every stored publication its position, remembers it, and hands it
 * to the sink of each node that follows the topic: in order, once, without a hole.
 *
 * Brokers answer in place where they can (memory) and with a promise where they cannot (Redis).
 */
export interface Broker {
  /** Which one, for `/status` and logs. */
  readonly kind: "memory" | "redis";

  /** Whether it can do what it is there for now: Redis answers. */
  readonly isConnected: boolean;

  /** Makes sure by a round trip, within a second. Null: it works. */
  check(): MaybePromise<Failure | null>;

  /** Stores and delivers. A repeated key is answered with the first position, and nothing is delivered. */
  publish(request: PublishRequest): MaybePromise<PublishResult>;

  /**
   * Follows a topic: from now on its publications reach the sink. Followed topics are not forgotten. The promise
   * of a broker that is out of reach waits until it is back; it never rejects.
   */
  follow(topic: string): MaybePromise<TopicView | Failure>;

  /** Ends `follow`. */
  unfollow(topic: string): void;

  /** The newest of a topic that keeps some whatever their age may be older than what can be resumed from. */
  history(query: HistoryQuery): MaybePromise<HistoryPage | Failure>;

  /**
   * The last publications of a topic that keeps some whatever their age, oldest first; none of a topic that does
   * not. They may be of earlier epochs.
   */
  kept(topic: string): MaybePromise<readonly KeptPublication[] | Failure>;

  /** Forgets what is stored of a topic; it goes on in a new epoch. False: there was nothing. */
  clearHistory(topic: string): MaybePromise<boolean | Failure>;

  /** One topic's position; null when it is unknown. */
  describe(topic: string): MaybePromise<TopicSummary | null | Failure>;

  /** Known topics whose name starts with `prefix`, at most `limit`, in no particular order. */
  topics(prefix: string, limit: number): MaybePromise<readonly TopicSummary[] | Failure>;

  /** A connection of this node came to a topic; `userId` null: it has none. */
  enter(topic: string, userId: string | null): void;

  /** A connection of this node left a topic. */
  leave(topic: string, userId: string | null): void;

  presence(topic: string): MaybePromise<Presence | Failure>;

  /** Numbers for metrics and `/status`. */
  usage(): BrokerUsage;

  close(): MaybePromise<void>;
}

/** What a broker tells the node it works for. */
export interface BrokerSink {
  /** The next publication of a followed topic, or one without a position. */
  deliver(topic: string, publication: Publication): void;
  /** A followed topic goes on from `offset` in another epoch: what was between is unknown or gone. */
  broke(topic: string, epoch: string, offset: number): void;
  /** A user's first connection came, or its last one left, as seen by the whole cluster. */
  memberChanged(topic: string, userId: string, present: boolean): void;
}

export interface PublishOutcome extends Position {
  /** Unix milliseconds of the publication; of a repeat, of now. */
  readonly ts: number;
  readonly repeated: boolean;
}

/** Delivered on this node alone while the broker is out of reach: no position, no history, no key. */
export type DeliveredLocally = "local";

/** Null: it was delivered without a position, as asked for. `unavailable`: the outcome is unknown. */
export type PublishResult = PublishOutcome | null | DeliveredLocally | Failure;

/** A followed topic as its node sees it, readable in place. */
export interface TopicView {
  readonly epoch: string;
  /** Offset of the newest publication; 0: none yet. */
  readonly top: number;
  /**
   * The publications after `offset` up to `until`, or null when not all of them are held or they are more
   * than `limit` or `bytesMax`.
   */
  range(offset: number, until: number, limit: number, bytesMax: number): readonly Publication[] | null;
}

export interface HistoryQuery {
  readonly topic: string;
  /** Publications at most. */
  readonly limit: number;
  /** Bytes at most; a page ends before the publication that would cross it. */
  readonly bytesMax: number;
  /** The first ones after it (of another epoch: from the oldest held); absent: the newest. */
  readonly since?: Position | undefined;
  /** Newest first. */
  readonly reverse?: boolean;
}

export interface HistoryPage extends Position {
  readonly publications: readonly Publication[];
}

/** A publication that is kept beside the ring. */
export interface KeptPublication {
  readonly epoch: string;
  readonly publication: Publication;
}

export interface TopicSummary extends Position {
  readonly topic: string;
}

export interface Presence {
  /** User ids, each once, with the number of their connections. */
  readonly members: ReadonlyMap<string, number>;
  /** All connections, those without a user id too. */
  readonly connections: number;
}

export interface BrokerUsage {
  readonly topics: number;
  /** Bytes of all rings and keys, with their overhead. */
  readonly historyBytes: number;
  /** Topics whose history was dropped because all rings together were beyond their bound. */
  readonly evictedTopics: number;
}
