import type { CloseReason } from "../core/close-codes.ts";

/** A connection of a user, whatever its transport. */
export interface UserConnection {
  readonly id: string;
  readonly userId: string | null;
  readonly transport: "websocket" | "sse";
  /** Sends it a frame that is no publication. */
  tell(type: string, frame: string): void;
  /** Ends it from the server's side. */
  disconnect(why: CloseReason): void;
}

const nobody: ReadonlySet<UserConnection> = new Set();

/** The connections of this node by user id. Connections without a user id are not in it. */
export class UserRegistry {
  readonly #users = new Map<string, Set<UserConnection>>();

  get users(): number {
    return this.#users.size;
  }

  add(connection: UserConnection): void {
    if (connection.userId === null) return;
    const connections = this.#users.get(connection.userId);
    if (connections === undefined) this.#users.set(connection.userId, new Set([connection]));
    else connections.add(connection);
  }

  remove(connection: UserConnection): void {
    if (connection.userId === null) return;
    const connections = this.#users.get(connection.userId);
    if (connections === undefined) return;
    connections.delete(connection);
    if (connections.size === 0) this.#users.delete(connection.userId);
  }

  connectionsOf(userId: string): ReadonlySet<UserConnection> {
    return this.#users.get(userId) ?? nobody;
  }

  /** The user's WebSockets among them. */
  webSocketsOf(userId: string): UserConnection[] {
    return [...this.connectionsOf(userId)].filter(({ transport }) => transport === "websocket");
  }

  /** Disconnects all connections of a user; how many they were. */
  disconnect(userId: string, why: CloseReason): number {
    // A copy: each leaves the set while it is walked.
    const connections = [...this.connectionsOf(userId)];
    for (const connection of connections) connection.disconnect(why);
    return connections.length;
  }
}
