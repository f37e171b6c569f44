import type { Scheduler, Timer } from "../../core/ports.ts";
import type { PresenceTable } from "../../hub/presence.ts";
import type { NodeDirectory } from "./node-directory.ts";
import { takeFrom } from "./presence-members.ts";
import type { PresenceStore, Sighting } from "./presence-store.ts";
import type { PresenceWriter } from "./presence-writer.ts";

export interface PresenceUpkeepPorts {
  readonly table: PresenceTable;
  readonly store: PresenceStore;
  readonly writer: PresenceWriter;
  readonly directory: NodeDirectory;
  readonly scheduler: Scheduler;
  readonly channelOf: (topic: string) => string;
}

/** How fast all topics are looked at. */
interface Pace {
  readonly everyMs: number;
  readonly ticks: number;
}

/** A third of a lease: two rounds may fail. */
const usualPace: Pace = { everyMs: 1000, ticks: 30 };
/** After a node was lost. */
const hurriedPace: Pace = { everyMs: 100, ticks: 50 };

/** Topics that one call looks at. */
const topicsACall = 100;

/**
 * Goes round the topics in which this node has members, in small portions: keeps them from expiring, mends what
 * Redis has wrong, and takes out nodes that are lost.
 */
export class PresenceUpkeep {
  readonly #ports: PresenceUpkeepPorts;
  /** Topics in which nodes were seen that are lost, or may be. */
  readonly #sweeps = new Map<string, Set<string>>();
  #sweeping = false;
  #pace = usualPace;
  #round: Iterator<string> = [].values();
  /** Topics of the round that were not looked at yet. */
  #left = 0;
  #portion = 0;
  #looking = false;
  /** A new round was asked for. */
  #hurried = false;
  #timer: Timer;
  #stopped = false;

  constructor(ports: PresenceUpkeepPorts) {
    this.#ports = ports;
    this.#timer = this.#schedule();
  }

  /** Begins a round at once, a fast one: a node was lost. */
  hurry(): void {
    if (this.#stopped) return;
    this.#pace = hurriedPace;
    this.#hurried = true;
    this.#left = 0;
    this.#timer.cancel();
    this.#timer = this.#schedule();
  }

  /** Nodes were seen in topics: takes out those that are lost. */
  async meet(sightings: readonly Sighting[]): Promise<void> {
    const { directory } = this.#ports;
    const strangers = sightings.filter(({ nodeId }) => !directory.has(nodeId));
    if (strangers.length === 0) return;
    if (!(await directory.judge(strangers.map(({ nodeId }) => nodeId)))) return;
    for (const { nodeId, topic } of strangers) {
      const topics = this.#sweeps.get(nodeId) ?? new Set();
      this.#sweeps.set(nodeId, topics.add(topic));
    }
    if (!this.#sweeping) void this.#sweepAll();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
    this.#sweeps.clear();
  }

  #schedule(): Timer {
    return this.#ports.scheduler.after(this.#pace.everyMs, () => {
      this.#timer = this.#schedule();
      if (!this.#looking && this.#ports.directory.isRegistered) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    if (this.#left === 0) this.#beginRound();
    const liveNodes = this.#ports.directory.ids();
    for (let count = this.#portion; count > 0; count -= topicsACall) {
      await this.#renew(this.#next(Math.min(count, topicsACall)), liveNodes);
    }
    if (this.#left === 0 && !this.#hurried) this.#pace = usualPace;
    this.#looking = false;
  }

  #beginRound(): void {
    const { table } = this.#ports;
    this.#hurried = false;
    this.#round = table.topics();
    // Topics that come meanwhile wait for the next round, or this one would never end.
    this.#left = table.size;
    this.#portion = Math.ceil(table.size / this.#pace.ticks);
  }

  #next(count: number): string[] {
    const topics: string[] = [];
    while (topics.length < count && this.#left > 0) {
      const next = this.#round.next();
      this.#left = next.done === true ? 0 : this.#left - 1;
      if (next.done !== true) topics.push(next.value);
    }
    return topics;
  }

  async #renew(topics: readonly string[], liveNodes: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    const { directory, store, table, writer } = this.#ports;
    const renewals = topics.map((topic) => ({
      topic,
      connections: writer.isSettled(topic) ? table.connectionsIn(topic) : null,
    }));
    const { wrong, strangers } = await store.renew(renewals, liveNodes);
    if (this.#stopped) return;
    // Others may have taken this node for lost: the next beat says so, and then all is told anew.
    if (wrong.length > 0 && (await directory.beatNow())) writer.restoreTopics(wrong);
    await this.meet(strangers);
  }

  async #sweepAll(): Promise<void> {
    this.#sweeping = true;
    for (const [nodeId, topics] of this.#sweeps) {
      while (topics.size > 0) await this.#sweep(nodeId, takeFrom(topics, topicsACall));
      this.#sweeps.delete(nodeId);
    }
    this.#sweeping = false;
  }

  async #sweep(nodeId: string, topics: readonly string[]): Promise<void> {
    const { channelOf, directory, store } = this.#ports;
    let left = topics.map((topic) => ({ topic, channel: channelOf(topic), cursor: "0" }));
    // It may come back: what it says then is not to be taken away again. What fails is seen in the next round.
    while (left.length > 0 && !this.#stopped && directory.isLost(nodeId)) {
      left = await store.sweep(nodeId, left);
    }
  }
}
