import Type from "typebox";
import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { Seat, Seats } from "../session/seats.ts";
import type { UserRegistry } from "../session/user-registry.ts";
import { alreadyConnected, seatBesideOthers } from "./local-seats.ts";
import { questionKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";

const claiming = questionKind(
  "seat.claim",
  Type.Object({ user: Type.String({ pattern: userIdPattern }), claim: Type.Integer({ minimum: 0 }) }),
  Type.Object({ taken: Type.Boolean() }),
);

/** A claim that waits for the other nodes. */
interface Claim {
  readonly number: number;
  /** Its question has come back: whoever asks for the same user from now on asked later. */
  isOrdered: boolean;
}

/**
 * One WebSocket for each user in the whole cluster: those that come later are refused. All nodes get the claims in one
 * order, so of two at the same moment the earlier is let in. While Redis is out of reach each node knows its own
 * WebSockets alone; a node that does not answer within a second does not count.
 */
export class ClaimedSeats implements Seats {
  readonly #users: UserRegistry;
  readonly #bus: NodeBus;
  readonly #claims = new Map<string, Claim>();
  #claimed = 0;

  constructor(users: UserRegistry, bus: NodeBus) {
    this.#users = users;
    this.#bus = bus;
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
