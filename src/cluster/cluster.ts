import type { CloseReason } from "../core/close-codes.ts";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { RequestEvents, RequestOrder } from "../session/requests.ts";
import type { Seats } from "../session/seats.ts";
import type { NoticeKind } from "./message-kinds.ts";
import type { NodeFacts } from "./node-facts.ts";

/** Whom something reached that is done with all connections of a user. */
export interface Reached {
  readonly connections: number;
  /** Names of nodes that did not say so within a second. */
  readonly unanswered: readonly string[];
}

/** Ends a request whose caller is no longer there to be told. */
export type CancelRequest = () => void;

/**
 * All nodes as one, in what concerns users and what the server does by itself. With the memory broker this node is
 * all there is, and every answer comes in place.
 */
export interface Cluster {
  /** Where DUPLICATE_USER is decided. */
  readonly seats: Seats;

  /** Whether other nodes can be told and asked, and this one hears them. */
  readonly isConnected: boolean;

  /**
   * Those of the users who are connected to any node. A node that does not answer within a second is left out; a
   * Failure: one of the users is not connected here, and no other node can be asked.
   */
  connectedAmong(userIds: Iterable<string>): MaybePromise<ReadonlySet<string> | Failure>;

  /** Ends all connections of the user. A Failure: only those of this node. */
  disconnect(userId: string, why: CloseReason): MaybePromise<Reached | Failure>;

  /** Subscribes all WebSockets of the user; event streams are not reached. A Failure: only those of this node. */
  subscribe(userId: string, topics: string[]): MaybePromise<Reached | Failure>;

  unsubscribe(userId: string, topics: string[]): MaybePromise<Reached | Failure>;

  /** Asks all connections of the users. Null: there are none, and nothing is told. */
  ask(
    userIds: readonly string[],
    order: RequestOrder,
    events: RequestEvents,
  ): MaybePromise<CancelRequest | null | Failure>;

  /** WebSockets that read `notifications`. A node that does not answer counts with what it last said. */
  countNotificationReaders(): MaybePromise<number>;

  /**
   * Whether this node is the one that does something which the whole cluster does once in an interval: then the
   * number of times it has been done, this one included.
   */
  takeTurn(name: string, intervalMs: number): MaybePromise<number | null>;

  /** This node first. */
  nodes(): readonly NodeFacts[];

  /** Tells all other nodes; what this node is to do is the caller's. A Failure: some may not have been told. */
  broadcast<Payload>(kind: NoticeKind<Payload>, payload: Payload): MaybePromise<Failure | null>;

  /** What to do when another node tells; once for each kind. */
  onBroadcast<Payload>(kind: NoticeKind<Payload>, run: (payload: Payload) => void): void;

  close(): void;
}
