import type { Presence } from "../broker/port.ts";

/** Who is in one topic. */
class Attendance {
  /** Connections by user id; made when the first one with a user id comes. */
  members: Map<string, number> | null = null;
  connections = 0;
}

const noMembers: ReadonlyMap<string, number> = new Map();

/**
 * Who is in which topic, by user. Calls back when a user's first connection comes to a topic or its last one
 * leaves.
 */
export class PresenceTable {
  readonly #topics = new Map<string, Attendance>();
  readonly #changed: (topic: string, userId: string, present: boolean) => void;

  constructor(changed: (topic: string, userId: string, present: boolean) => void) {
    this.#changed = changed;
  }

  enter(topic: string, userId: string | null): void {
    let attendance = this.#topics.get(topic);
    if (attendance === undefined) {
      attendance = new Attendance();
      this.#topics.set(topic, attendance);
    }
    attendance.connections++;
    if (userId === null) return;
    attendance.members ??= new Map();
    const connections = attendance.members.get(userId) ?? 0;
    attendance.members.set(userId, connections + 1);
    if (connections === 0) this.#changed(topic, userId, true);
  }

  leave(topic: string, userId: string | null): void {
    const attendance = this.#topics.get(topic);
    if (attendance === undefined) return;
    attendance.connections--;
    if (attendance.connections === 0) this.#topics.delete(topic);
    if (userId === null || attendance.members === null) return;
    const connections = attendance.members.get(userId) ?? 0;
    if (connections > 1) {
      attendance.members.set(userId, connections - 1);
    } else if (attendance.members.delete(userId)) {
      this.#changed(topic, userId, false);
    }
  }

  /** Live views, not copies: read them before anything else runs. */
  of(topic: string): Presence {
    const attendance = this.#topics.get(topic);
    return {
      members: attendance?.members ?? noMembers,
      connections: attendance?.connections ?? 0,
    };
  }
}
