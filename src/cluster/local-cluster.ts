import type { CloseReason } from "../core/close-codes.ts";
import type { Failure } from "../core/failure.ts";
import type { RequestEvents, RequestOrder, Requests } from "../session/requests.ts";
import type { DuplicateUser, Seats } from "../session/seats.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { askHere } from "./asking-here.ts";
import type { CancelRequest, Cluster, Reached } from "./cluster.ts";
import { LocalSeats } from "./local-seats.ts";
import type { NodeFacts } from "./node-facts.ts";
import { LocalTurns } from "./turns.ts";

/** What a cluster needs of its node. */
export interface NodeParts {
  readonly users: UserRegistry;
  readonly requests: Requests;
  readonly facts: () => NodeFacts;
  readonly duplicateUser: DuplicateUser;
}

/** A cluster of this node alone. */
export class LocalCluster implements Cluster {
  readonly isConnected = true;
  readonly seats: Seats;
  readonly #node: NodeParts;
  readonly #turns = new LocalTurns();

  constructor(node: NodeParts) {
    this.#node = node;
    this.seats = new LocalSeats(node.users, node.duplicateUser);
  }

  connectedAmong(userIds: Iterable<string>): ReadonlySet<string> {
    const { users } = this.#node;
    return new Set([...userIds].filter((userId) => users.connectionsOf(userId).size > 0));
  }

  disconnect(userId: string, why: CloseReason): Reached {
    return { connections: this.#node.users.disconnect(userId, why), unanswered: [] };
  }

  subscribe(userId: string, topics: string[]): Reached {
    return { connections: this.#node.users.addTopics(userId, topics), unanswered: [] };
  }

  unsubscribe(userId: string, topics: string[]): Reached {
    return { connections: this.#node.users.removeTopics(userId, topics), unanswered: [] };
  }

  ask(
    userIds: readonly string[],
    order: RequestOrder,
    events: RequestEvents,
  ): CancelRequest | null | Failure {
    return askHere(this.#node, userIds, order, events);
  }

  countNotificationReaders(): number {
    return this.#node.facts().notification_readers;
  }

  takeTurn(name: string): number {
    return this.#turns.take(name);
  }

  nodes(): readonly NodeFacts[] {
    return [this.#node.facts()];
  }

  /** There is nobody else to tell. */
  broadcast(): null {
    return null;
  }

  onBroadcast(): void {}

  close(): void {}
}
