import { Failure } from "../core/failure.ts";
import type { DuplicateUser, Seat, Seats } from "../session/seats.ts";
import type { UserConnection, UserRegistry } from "../session/user-registry.ts";

export const alreadyConnected = new Failure(
  "conflict",
  "This user is connected already: close the other connection first.",
);

/** A seat that concerns nobody else. */
export const seatBesideOthers: Seat = { taken() {}, released() {} };

/** The WebSockets of this node. */
export class LocalSeats implements Seats {
  readonly #users: UserRegistry;
  readonly #duplicateUser: DuplicateUser;

  constructor(users: UserRegistry, duplicateUser: DuplicateUser) {
    this.#users = users;
    this.#duplicateUser = duplicateUser;
  }

  claim(userId: string): Seat | Failure {
    switch (this.#duplicateUser) {
      case "allow":
        return seatBesideOthers;
      case "reject":
        return this.#users.webSocketsOf(userId).length > 0 ? alreadyConnected : seatBesideOthers;
      case "replace":
        return {
          // Not before: a broken handshake takes nobody's place.
          taken: (connectionId) => replaceOthers(this.#users, userId, ({ id }) => id === connectionId),
          released() {},
        };
    }
  }
}

/** Disconnects the user's WebSockets but for those that stay; how many they were. */
export function replaceOthers(
  users: UserRegistry,
  userId: string,
  stays: (connection: UserConnection) => boolean,
): number {
  const others = users.webSocketsOf(userId).filter((connection) => !stays(connection));
  for (const connection of others) connection.disconnect("replaced");
  return others.length;
}
