import type { MaybePromise } from "../core/maybe-promise.ts";

/** A command; it answers its client by itself. */
export type Run = () => MaybePromise<void>;

/** Commands that may be under way beside each other, or one that has its topic to itself. */
export type Sharing = "shared" | "alone";

interface Command {
  readonly sharing: Sharing;
  readonly run: Run;
}

/** One topic's commands. */
class Lane {
  underWay = 0;
  sharing: Sharing;
  readonly waiting: Command[] = [];

  constructor(sharing: Sharing) {
    this.sharing = sharing;
  }

  /** Whether another may begin beside those that are under way. */
  admits(sharing: Sharing): boolean {
    return this.underWay === 0 || (this.sharing === "shared" && sharing === "shared");
  }
}

export interface LaneEvents {
  /** A command has ended. */
  changed(): void;
  /** A command broke off, and has not answered. */
  broke(): void;
}

/**
 * Keeps one connection's commands on one topic in order while some of them wait for the broker: those that are
 * shared are sent to it one after the other without waiting for its answers; one that is alone waits for all before
 * it, and holds up all behind it. Commands on different topics do not wait for each other.
 */
export class CommandLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #events: LaneEvents;
  #pending = 0;

  constructor(events: LaneEvents) {
    this.#events = events;
  }

  /** Commands under way or waiting. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether a command would have to wait for others. */
  holdsUp(topic: string, sharing: Sharing): boolean {
    const lane = this.#lanes.get(topic);
    return lane !== undefined && (lane.waiting.length > 0 || !lane.admits(sharing));
  }

  /** Takes note of a command that was not held up, and is under way. */
  begun(topic: string, sharing: Sharing, underWay: Promise<void>): void {
    let lane = this.#lanes.get(topic);
    if (lane === undefined) {
      lane = new Lane(sharing);
      this.#lanes.set(topic, lane);
    }
    this.#pending++;
    this.#start(topic, lane, underWay);
  }

  /** Adds a command behind those that hold it up. */
  queue(topic: string, sharing: Sharing, run: Run): void {
    this.#pending++;
    this.#lanes.get(topic)?.waiting.push({ sharing, run });
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const lane of this.#lanes.values()) {
      this.#pending -= lane.waiting.length;
      lane.waiting.length = 0;
    }
  }

  #start(topic: string, lane: Lane, underWay: Promise<void>): void {
    lane.underWay++;
    const ended = () => {
      lane.underWay--;
      this.#pending--;
      this.#goOn(topic, lane);
      this.#events.changed();
    };
    underWay.then(ended, () => {
      this.#events.broke();
      ended();
    });
  }

  #goOn(topic: string, lane: Lane): void {
    for (let [next] = lane.waiting; next !== undefined; [next] = lane.waiting) {
      if (!lane.admits(next.sharing)) return;
      lane.waiting.shift();
      lane.sharing = next.sharing;
      const underWay = next.run();
      if (underWay instanceof Promise) this.#start(topic, lane, underWay);
      else this.#pending--;
    }
    if (lane.underWay === 0) this.#lanes.delete(topic);
  }
}
