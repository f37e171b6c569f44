import Type from "typebox";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { DuplicateUser, Seat, Seats } from "../session/seats.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { alreadyConnected, replaceOthers, seatBesideOthers } from "./local-seats.ts";
import { questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";

const UserId = Type.String({ pattern: userIdPattern });

const replacing = questionKind(
  "seat.replace",
  Type.Object({ user: UserId, connection: Type.String({ maxLength: 64 }) }),
  Type.Object({}),
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

/**
 * Where DUPLICATE_USER forbids a user's second WebSocket, it does so in the whole cluster. What decides between two
 * nodes at the same moment is the order of their questions, which all nodes get alike: of two that replace each
 * other the later stays, of two that claim the earlier is let in. While Redis is out of reach each node knows its
 * own WebSockets alone; a node that does not answer within a second does not count.
 */
export class ClusterSeats implements Seats {
  readonly #users: UserRegistry;
  readonly #bus: NodeBus;
  readonly #duplicateUser: DuplicateUser;
  /** Ids of WebSockets that are open while it is not yet known where in the order they stand. */
  readonly #unordered = new Set<string>();
  readonly #claims = new Map<string, Claim>();
  #claimed = 0;

  constructor(users: UserRegistry, bus: NodeBus, duplicateUser: DuplicateUser) {
    this.#users = users;
    this.#bus = bus;
    this.#duplicateUser = duplicateUser;
    bus.onQuestion(
      replacing,
      ({ user }) => {
        // One that is open here and whose question has yet to come is the later one, and will say so.
        replaceOthers(users, user, ({ id }) => this.#unordered.has(id));
        return {};
      },
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
    this.#unordered.add(connectionId);
    void this.#bus.ask(replacing, { user: userId, connection: connectionId }).then(() => {
      this.#unordered.delete(connectionId);
    });
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
