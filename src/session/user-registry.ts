import type { CloseReason } from "../core/close-codes.ts";

/** A connection of a user, whatever its transport. */
export interface UserConnection {
  readonly id: string;
  readonly userId: string | null;
  readonly transport: "websocket" | "sse";
  /** Unix milliseconds. */
  readonly openedAt: number;
  /** Sends it a frame that is no publication. */
  tell(type: string, frame: string): void;
  /** Ends it from the server's side. */
  disconnect(why: CloseReason): void;
  /** Subscribes it to a topic, unless it is; false: what it reads is fixed (an event stream's is in its URL). */
  addTopic(topic: string): boolean;
  /** Ends its subscription of a topic, if there is one; false: as above. */
  removeTopic(topic: string): boolean;
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

  /** The users who are connected. */
  userIds(): Iterable<string> {
    return this.#users.keys();
  }

  /** Disconnects all connections of a user; how many they were. */
  disconnect(userId: string, why: CloseReason): number {
    // A copy: each leaves the set while it is walked.
    const connections = [...this.connectionsOf(userId)];
    for (const connection of connections) connection.disconnect(why);
    return connections.length;
  }

  /** Subscribes all connections of a user that can be to the topics; how many they are. */
  addTopics(userId: string, topics: readonly string[]): number {
    return this.#change(userId, topics, (connection, topic) => connection.addTopic(topic));
  }

  /** Ends the subscriptions of all connections of a user that can be unsubscribed; how many they are. */
  removeTopics(userId: string, topics: readonly string[]): number {
    return this.#change(userId, topics, (connection, topic) => connection.removeTopic(topic));
  }

  #change(
    userId: string,
    topics: readonly string[],
    change: (connection: UserConnection, topic: string) => boolean,
  ): number {
    let changed = 0;
    // A copy: one that turns out to be too slow for its answer leaves the set while it is walked.
    for (const connection of [...this.connectionsOf(userId)]) {
      const done = topics.filter((topic) => change(connection, topic));
      if (done.length > 0) changed++;
    }
    return changed;
  }
}
