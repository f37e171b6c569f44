import type { Presence } from "../broker/port.ts";

/** Who is in one topic. Most topics have one user: it is held here, without a map of its own. */
class Attendance {
  connections = 0;
  soleUser: string | null = null;
  soleConnections = 0;
  /** Connections by user id; made when a second user comes. */
  members: Map<string, number> | null = null;

  of(userId: string): number {
    if (this.members !== null) return this.members.get(userId) ?? 0;
    return userId === this.soleUser ? this.soleConnections : 0;
  }

  set(userId: string, connections: number): void {
    if (this.members === null && (this.soleUser === null || this.soleUser === userId)) {
      this.soleUser = connections > 0 ? userId : null;
      this.soleConnections = connections;
      return;
    }
    this.members ??= new Map([[this.soleUser!, this.soleConnections]]);
    this.soleUser = null;
    if (connections > 0) this.members.set(userId, connections);
    else this.members.delete(userId);
  }
}

const noMembers: ReadonlyMap<string, number> = new Map();

/**
 * Who is in which topic, by user. Calls back when a user's first connection comes to a topic or its last one
 * leaves.
 */
export class PresenceTable {
  readonly #topics = new Map<string, Attendance>();
  readonly #changed: (topic: string, userId: string, present: boolean) => void;

  constructor(changed: (topic: string, userId: string, present: boolean) => void = () => {}) {
    this.#changed = changed;
  }

  /** Topics in which somebody is. */
  get size(): number {
    return this.#topics.size;
  }

  /** The topics in which somebody is, those first that have been so for longest. */
  topics(): MapIterator<string> {
    return this.#topics.keys();
  }

  enter(topic: string, userId: string | null): void {
    let attendance = this.#topics.get(topic);
    if (attendance === undefined) {
      attendance = new Attendance();
      this.#topics.set(topic, attendance);
    }
    attendance.connections++;
    if (userId === null) return;
    const before = attendance.of(userId);
    attendance.set(userId, before + 1);
    if (before === 0) this.#changed(topic, userId, true);
  }

  leave(topic: string, userId: string | null): void {
    const attendance = this.#topics.get(topic);
    if (attendance === undefined) return;
    attendance.connections--;
    if (attendance.connections === 0) this.#topics.delete(topic);
    if (userId === null) return;
    const before = attendance.of(userId);
    if (before === 0) return;
    attendance.set(userId, before - 1);
    if (before === 1) this.#changed(topic, userId, false);
  }

  connectionsIn(topic: string): number {
    return this.#topics.get(topic)?.connections ?? 0;
  }

  connectionsOf(topic: string, userId: string): number {
    return this.#topics.get(topic)?.of(userId) ?? 0;
  }

  /** Live views, not copies: read them before anything else runs. */
  of(topic: string): Presence {
    const attendance = this.#topics.get(topic);
    if (attendance === undefined) return { members: noMembers, connections: 0 };
    const { connections, members, soleUser, soleConnections } = attendance;
    if (members !== null) return { members, connections };
    return { members: soleUser === null ? noMembers : new Map([[soleUser, soleConnections]]), connections };
  }
}
