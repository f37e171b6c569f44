import Type from "typebox";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Scheduler } from "../core/ports.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { DuplicateUser, Seat, Seats } from "../session/seats.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { alreadyConnected, replaceOthers, seatBesideOthers } from "./local-seats.ts";
import { noticeKind, questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";
import type { BusConnection } from "./ports.ts";

const UserId = Type.String({ pattern: userIdPattern });

const replacing = noticeKind(
  "seat.replace",
  Type.Object({ user: UserId, connection: Type.String({ maxLength: 64 }) }),
);

const claiming = questionKind(
  "seat.claim",
  Type.Object({ user: UserId, claim: Type.Integer({ minimum: 0 }) }),
  Type.Object({ taken: Type.Boolean() }),
);

/** A claim that waits for the other nodes. */
interface Claim {
  readonly number: number;
  /** Its question has come back: whoever asks for the same user from now on asked later. */
  isOrdered: boolean;
}

/** Time after which a notice that has not come back to this node will not. */
const echoMs = 1000;

/** Of so many WebSockets that wait to be announced, those that are closed are looked for. */
const unorderedMin = 1000;

/**
 * Where DUPLICATE_USER forbids a user's second WebSocket, it does so in the whole cluster. What decides between two
 * nodes at the same moment is the order of what they tell all, which all nodes get alike: of two that replace each
 * other the later stays, of two that claim the earlier is let in. While Redis is out of reach each node knows its
 * own WebSockets alone; those that were to replace others do so when it is back.
 */
export class ClusterSeats implements Seats {
  readonly #users: UserRegistry;
  readonly #bus: NodeBus;
  readonly #scheduler: Scheduler;
  readonly #duplicateUser: DuplicateUser;
  /** WebSockets that are open while it is not yet known where in the order they stand: their ids and users. */
  readonly #unordered = new Map<string, string>();
  #unorderedMax = unorderedMin;
  readonly #claims = new Map<string, Claim>();
  #claimed = 0;

  constructor(
    users: UserRegistry,
    ports: { readonly bus: NodeBus; readonly connection: BusConnection; readonly scheduler: Scheduler },
    duplicateUser: DuplicateUser,
  ) {
    const { bus, connection, scheduler } = ports;
    this.#users = users;
    this.#bus = bus;
    this.#scheduler = scheduler;
    this.#duplicateUser = duplicateUser;
    bus.onNotice(
      replacing,
      // One that is open here and whose notice has yet to come is the later one, and will say so.
      ({ user }) => replaceOthers(users, user, ({ id }) => this.#unordered.has(id)),
      ({ connection }) => this.#unordered.delete(connection),
    );
    bus.onQuestion(
      claiming,
      ({ user }) => ({ taken: this.#isTaken(user) || this.#claims.get(user)?.isOrdered === true }),
      ({ user, claim }) => {
        const own = this.#claims.get(user);
        if (own?.number === claim) own.isOrdered = true;
      },
    );
    connection.onUp(() => {
      this.#forgetClosed();
      for (const [connectionId, userId] of this.#unordered) void this.#announce(connectionId, userId);
    });
  }

  claim(userId: string): MaybePromise<Seat | Failure> {
    switch (this.#duplicateUser) {
      case "allow":
        return seatBesideOthers;
      case "replace":
        return { taken: (connectionId) => this.#replace(userId, connectionId), released() {} };
      case "reject":
        return this.#claim(userId);
    }
  }

  #replace(userId: string, connectionId: string): void {
    replaceOthers(this.#users, userId, ({ id }) => id === connectionId);
    if (this.#unordered.size >= this.#unorderedMax) {
      this.#forgetClosed();
      this.#unorderedMax = Math.max(unorderedMin, this.#unordered.size * 2);
    }
    this.#unordered.set(connectionId, userId);
    void this.#announce(connectionId, userId);
  }

  async #announce(connectionId: string, userId: string): Promise<void> {
    const failure = await this.#bus.broadcast(replacing, { user: userId, connection: connectionId });
    if (failure !== null) return;
    this.#scheduler.after(echoMs, () => this.#unordered.delete(connectionId));
  }

  #forgetClosed(): void {
    for (const [connectionId, userId] of this.#unordered) {
      const isOpen = this.#users.webSocketsOf(userId).some(({ id }) => id === connectionId);
      if (!isOpen) this.#unordered.delete(connectionId);
    }
  }

  #claim(userId: string): MaybePromise<Seat | Failure> {
    if (this.#isTaken(userId) || this.#claims.has(userId)) return alreadyConnected;
    if (!this.#bus.isUp) return seatBesideOthers;
    const claim: Claim = { number: ++this.#claimed, isOrdered: false };
    this.#claims.set(userId, claim);
    const release = () => {
      if (this.#claims.get(userId) === claim) this.#claims.delete(userId);
    };
    const question = { user: userId, claim: claim.number };
    return new Promise((resolve) => {
      const refuseIfTaken = ({ taken }: { taken: boolean }) => {
        if (!taken) return;
        release();
        resolve(alreadyConnected);
      };
      void this.#bus.ask(claiming, question, refuseIfTaken).then(() => {
        // Of no effect where it was refused.
        resolve({ taken: release, released: release });
      });
    });
  }

  #isTaken(userId: string): boolean {
    return this.#users.webSocketsOf(userId).length > 0;
  }
}
