import type { CloseReason } from "../core/close-codes.ts";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Clock, Random, Scheduler } from "../core/ports.ts";
import type { RequestEvents, RequestOrder } from "../session/requests.ts";
import type { Seats } from "../session/seats.ts";
import { ClaimedSeats } from "./claimed-seats.ts";
import type { CancelRequest, Cluster, Reached } from "./cluster.ts";
import { ClusterRequests } from "./cluster-requests.ts";
import { KnownNodes } from "./known-nodes.ts";
import type { NodeParts } from "./local-cluster.ts";
import { LocalSeats } from "./local-seats.ts";
import type { NoticeKind } from "./message-kinds.ts";
import { NodeBus } from "./node-bus.ts";
import type { NodeFacts } from "./node-facts.ts";
import { NotificationReaders } from "./notification-readers.ts";
import type { BusConnection, BusNames, BusSubscriptions, NodeDirectory } from "./ports.ts";
import { ReplacingSeats } from "./replacing-seats.ts";
import { RequestsOfOthers } from "./requests-of-others.ts";
import { ClusterTurns } from "./turns.ts";
import { UserCommands } from "./user-commands.ts";
import { UserFinder } from "./user-finder.ts";

export interface RemoteClusterOptions {
  /** `[A-Za-z0-9_-]`, another one for each process. */
  readonly nodeId: string;
  /** Bytes of a client's frame at most. */
  readonly maxFrameBytes: number;
}

export interface RemoteClusterPorts {
  readonly names: BusNames;
  readonly connection: BusConnection;
  readonly subscriptions: BusSubscriptions;
  readonly directory: NodeDirectory;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly clock: Clock;
}

/** JSON may become longer when it is read and written again: `1e20` has 21 digits then. */
const growth = 8;
/** For what goes with it, such as many user ids. */
const besidesCharacters = 256 * 1024;

/** All nodes that talk through the same Redis. */
export class RemoteCluster implements Cluster {
  readonly seats: Seats;
  readonly #replacing: ReplacingSeats | null;
  readonly #bus: NodeBus;
  readonly #nodes: KnownNodes;
  readonly #finder: UserFinder;
  readonly #commands: UserCommands;
  readonly #requests: ClusterRequests;
  readonly #readers: NotificationReaders;
  readonly #turns: ClusterTurns;

  constructor(options: RemoteClusterOptions, node: NodeParts, ports: RemoteClusterPorts) {
    const { nodeId, maxFrameBytes } = options;
    const messageCharactersMax = maxFrameBytes * growth + besidesCharacters;
    const bus = new NodeBus({ nodeId, messageCharactersMax }, ports);
    const { users, requests, facts, duplicateUser } = node;
    this.#bus = bus;
    this.#nodes = new KnownNodes(bus, ports, facts);
    this.#finder = new UserFinder(users, bus, ports.scheduler);
    this.#commands = new UserCommands(users, bus, this.#nodes);
    const requestPorts = { ...ports, bus, users, requests };
    this.#requests = new ClusterRequests(requestPorts);
    new RequestsOfOthers(requestPorts).serve();
    this.#readers = new NotificationReaders(bus, this.#nodes, facts);
    this.#turns = new ClusterTurns(nodeId, ports.connection, ports.names);
    this.#replacing = duplicateUser === "replace" ? new ReplacingSeats(users, { ...ports, bus }) : null;
    this.seats =
      this.#replacing ??
      (duplicateUser === "reject" ? new ClaimedSeats(users, bus) : new LocalSeats(users, duplicateUser));
  }

  get isConnected(): boolean {
    return this.#bus.isUp;
  }

  connectedAmong(userIds: Iterable<string>): MaybePromise<ReadonlySet<string> | Failure> {
    return this.#finder.connectedAmong(userIds);
  }

  disconnect(userId: string, why: CloseReason): Promise<Reached | Failure> {
    return this.#commands.disconnect(userId, why);
  }

  subscribe(userId: string, topics: string[]): Promise<Reached | Failure> {
    return this.#commands.subscribe(userId, topics);
  }

  unsubscribe(userId: string, topics: string[]): Promise<Reached | Failure> {
    return this.#commands.unsubscribe(userId, topics);
  }

  ask(
    userIds: readonly string[],
    order: RequestOrder,
    events: RequestEvents,
  ): MaybePromise<CancelRequest | null | Failure> {
    return this.#requests.ask(userIds, order, events);
  }

  countNotificationReaders(): Promise<number> {
    return this.#readers.count();
  }

  takeTurn(name: string, intervalMs: number): Promise<number | null> {
    return this.#turns.take(name, intervalMs);
  }

  nodes(): readonly NodeFacts[] {
    return this.#nodes.facts();
  }

  broadcast<Payload>(kind: NoticeKind<Payload>, payload: Payload): Promise<Failure | null> {
    return this.#bus.broadcast(kind, payload);
  }

  onBroadcast<Payload>(kind: NoticeKind<Payload>, run: (payload: Payload) => void): void {
    this.#bus.onNotice(kind, run);
  }

  close(): void {
    this.#replacing?.close();
    this.#bus.close();
  }
}
