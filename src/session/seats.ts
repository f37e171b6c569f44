import type { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";

/** What a user's second WebSocket does: stand beside the first, take its place, or be refused. */
export type DuplicateUser = "allow" | "replace" | "reject";

/** Leave to open one WebSocket of a user. Exactly one of its methods is called, in the turn in which it was given. */
export interface Seat {
  /** The connection is open. */
  taken(connectionId: string): void;
  /** It could not be opened. */
  released(): void;
}

/** Who may sit where, when a user connects more than once. */
export interface Seats {
  /** A Failure: the user has a WebSocket already, and this one is refused. */
  claim(userId: string): MaybePromise<Seat | Failure>;
}
