import Type, { type Static } from "typebox";
import { Failure } from "../core/failure.ts";
import type { Clock, Scheduler, Timer } from "../core/ports.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { Seat, Seats } from "../session/seats.ts";
import type { UserConnection, UserRegistry } from "../session/user-registry.ts";
import { replaceOthers } from "./local-seats.ts";
import { noticeKind, questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";
import type { BusConnection } from "./ports.ts";

const UserId = Type.String({ pattern: userIdPattern });
const ConnectionId = Type.String({ maxLength: 64 });

const replacing = noticeKind("seat.replace", Type.Object({ user: UserId, connection: ConnectionId }));

/** A user's WebSocket, and when it was opened by the clock that all nodes share. */
const Held = Type.Object({ user: UserId, connection: ConnectionId, opened_at: Type.Integer() });

const comparing = questionKind(
  "seat.compare",
  Type.Object({ seats: Type.Array(Held) }),
  Type.Object({ replaced: Type.Array(Held) }),
);
type Held = Static<typeof Held>;

/** Time after which a notice that has not come back to this node will not. */
const echoMs = 1000;

/** Time after which a node that hears the others again begins to compare, so that they do as well. */
const compareAfterMs = 200;

/** Seats in one question. */
const chunk = 500;

export interface ReplacingPorts {
  readonly bus: NodeBus;
  readonly connection: BusConnection;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
}

/**
 * One WebSocket for each user in the whole cluster: the newest. It is let in at once, and told to all nodes, which
 * close what they have of the user. They all get these notices in one order: of two at the same moment the later
 * stays. What a node did not hear while Redis was out of reach it makes up for by comparing times.
 */
export class ReplacingSeats implements Seats {
  readonly #users: UserRegistry;
  readonly #ports: ReplacingPorts;
  /** Ids of WebSockets that are open while it is not yet known where in the order they stand. */
  readonly #unordered = new Set<string>();
  #comparing: Timer | null = null;
  #isClosed = false;

  constructor(users: UserRegistry, ports: ReplacingPorts) {
    const { bus } = ports;
    this.#users = users;
    this.#ports = ports;
    bus.onNotice(
      replacing,
      // One that is open here and whose notice has yet to come is the later one, and will say so.
      ({ user }) => replaceOthers(users, user, ({ id }) => this.#unordered.has(id)),
      ({ connection }) => this.#unordered.delete(connection),
    );
    bus.onQuestion(comparing, ({ seats }, from) => ({
      replaced: seats.filter((seat) => this.#isReplacedHere(seat, from)),
    }));
    bus.onListening(() => this.#compareSoon());
  }

  claim(userId: string): Seat {
    return { taken: (connectionId) => this.#replace(userId, connectionId), released() {} };
  }

  close(): void {
    this.#isClosed = true;
    this.#comparing?.cancel();
  }

  #replace(userId: string, connectionId: string): void {
    replaceOthers(this.#users, userId, ({ id }) => id === connectionId);
    this.#unordered.add(connectionId);
    const forget = () => this.#unordered.delete(connectionId);
    const { bus, scheduler } = this.#ports;
    void bus.broadcast(replacing, { user: userId, connection: connectionId }).then((failure) => {
      if (failure === null) scheduler.after(echoMs, forget);
      else forget();
    });
  }

  /** What was said while this node heard nothing is lost: its users' WebSockets are compared with those elsewhere. */
  #compareSoon(): void {
    if (this.#isClosed) return;
    this.#comparing?.cancel();
    this.#comparing = this.#ports.scheduler.after(compareAfterMs, () => void this.#compareAll());
  }

  async #compareAll(): Promise<void> {
    const userIds = [...this.#users.userIds()];
    for (let start = 0; start < userIds.length; start += chunk) {
      const seats = userIds.slice(start, start + chunk).flatMap((userId) => this.#seatsOf(userId));
      // One question after the other: there is no hurry, and Redis has just come back.
      const outcome = await this.#ports.bus.ask(comparing, { seats }, ({ replaced }) => {
        for (const { user, connection } of replaced) {
          replaceOthers(this.#users, user, ({ id }) => id !== connection);
        }
      });
      if (outcome instanceof Failure) {
        this.#compareSoon();
        return;
      }
    }
  }

  #seatsOf(userId: string): Held[] {
    return this.#users.webSocketsOf(userId).map((connection) => {
      return { user: userId, connection: connection.id, opened_at: this.#openedAt(connection) };
    });
  }

  /** Whether the user has a later WebSocket here than the one elsewhere; if an earlier one, that is closed. */
  #isReplacedHere({ user, opened_at: openedAt }: Held, from: string): boolean {
    const isLater = (connection: UserConnection) => {
      const openedHereAt = this.#openedAt(connection);
      return openedHereAt === openedAt ? this.#ports.bus.nodeId > from : openedHereAt > openedAt;
    };
    replaceOthers(this.#users, user, isLater);
    return this.#users.webSocketsOf(user).length > 0;
  }

  /** By the clock that all nodes share. */
  #openedAt({ openedAt }: Pick<UserConnection, "openedAt">): number {
    const { connection, clock } = this.#ports;
    return Math.round(openedAt + connection.now() - clock.now());
  }
}
