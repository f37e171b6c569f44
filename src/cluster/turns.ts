import type { BusConnection, BusNames } from "./ports.ts";

/** Counts what one node does by itself. */
export class LocalTurns {
  readonly #taken = new Map<string, number>();

  /** How often it has been done, this time included. */
  take(name: string): number {
    const count = (this.#taken.get(name) ?? 0) + 1;
    this.#taken.set(name, count);
    return count;
  }
}

/** A timer that is late may be followed by one in time: so much of an interval may be missing between two turns. */
const slackShare = 1 / 10;
const slackMaxMs = 500;

/**
 * What the whole cluster does once in an interval: the first node that asks for the turn has it, and nobody else as
 * long as the key lives. No node has to be chosen for that or known to be alive; when the one that had the turns is
 * gone, the next that asks has them. Only who would do it asks, so that a node without listeners keeps no turn from
 * one that has some.
 */
export class ClusterTurns {
  readonly #nodeId: string;
  readonly #connection: BusConnection;
  readonly #names: BusNames;
  readonly #alone = new LocalTurns();

  constructor(nodeId: string, connection: BusConnection, names: BusNames) {
    this.#nodeId = nodeId;
    this.#connection = connection;
    this.#names = names;
  }

  /** Null: it is another node's turn. */
  async take(name: string, intervalMs: number): Promise<number | null> {
    // Each node by itself, as it serves its own clients alone now, if at all.
    if (!this.#connection.isUp) return this.#alone.take(name);
    const lifeMs = Math.max(1, Math.round(intervalMs - Math.min(slackMaxMs, intervalMs * slackShare)));
    const turn = this.#names.turn(name);
    const turns = this.#names.turns(name);
    try {
      const taken = await this.#connection.command(
        turn,
        ...["SET", turn, this.#nodeId, "NX", "PX", String(lifeMs)],
      );
      return taken === null ? null : Number(await this.#connection.command(turns, "INCR", turns));
    } catch {
      return null;
    }
  }
}
