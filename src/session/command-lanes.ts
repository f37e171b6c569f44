import type { MaybePromise } from "../core/maybe-promise.ts";

/** A command; it answers its client by itself. */
export type Run = () => MaybePromise<void>;

/**
 * Keeps one connection's commands on one topic in order while some of them wait for the broker. Commands on
 * different topics do not wait for each other.
 */
export class CommandLanes {
  /** By topic: the commands behind the one that is under way. */
  readonly #lanes = new Map<string, Run[]>();
  readonly #changed: () => void;
  #pending = 0;

  /** `changed` is called whenever a command has ended. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Commands under way or waiting. */
  get pending(): number {
    return this.#pending;
  }

  isBusy(topic: string): boolean {
    return this.#lanes.has(topic);
  }

  /** Opens a lane behind a command that is under way. */
  open(topic: string, underWay: Promise<void>): void {
    const behind: Run[] = [];
    this.#pending++;
    this.#lanes.set(topic, behind);
    void this.#drain(topic, behind, underWay);
  }

  /** Adds a command to a busy topic's lane. */
  queue(topic: string, run: Run): void {
    this.#pending++;
    this.#lanes.get(topic)?.push(run);
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const lane of this.#lanes.values()) {
      this.#pending -= lane.length;
      lane.length = 0;
    }
  }

  async #drain(topic: string, behind: Run[], first: Promise<void>): Promise<void> {
    await first;
    this.#ended();
    for (let run = behind.shift(); run !== undefined; run = behind.shift()) {
      await run();
      this.#ended();
    }
    this.#lanes.delete(topic);
  }

  #ended(): void {
    this.#pending--;
    this.#changed();
  }
}
