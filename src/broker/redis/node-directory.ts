import type { Scheduler, Timer } from "../../core/ports.ts";
import beatText from "./lua/node-beat.lua" with { type: "text" };
import { decodeNodeEntry, encodeFacts, isNodeId, type NodeEntry } from "./node-entry.ts";
import { NodeWatch } from "./node-watch.ts";
import { type RedisConnection, RedisUnavailable, type Script } from "./ports.ts";

export interface NodeDirectoryOptions {
  /** Of this node: 12 characters of `[A-Za-z0-9_-]`, another one for each process. */
  readonly nodeId: string;
  /** Name of the directory's hash. */
  readonly key: string;
  /** What this node says of itself: at most 4 KiB of JSON, otherwise it says nothing. */
  readonly describe: () => object;
  /** How often it says that it is there. 5 s. */
  readonly beatEveryMs?: number;
  /** Silence after which a node is lost. 20 s. */
  readonly deadAfterMs?: number;
}

/** How this node stands, told when it is in the directory and something may have changed in Redis before. */
export type Standing =
  /** Redis was reached, or reached again: it may know of this node what is old. */
  | "reached"
  /** This node was taken for lost: its members were told to have left. */
  | "lost"
  /** What was in Redis is gone, of all nodes. */
  | "emptied";

/** The directory expires when no node has been there for so long; presence does as well. */
const leaseMs = 90_000;

/** Beats by which all others have heard of a node. */
const heardAfterBeats = 1.5;

/** Nodes of a cluster at most; more of them are not seen. */
const nodesMax = 10_000;

const beatScript: Script = { name: "node-beat", text: beatText };

export const nodeScripts: readonly Script[] = [beatScript];

/**
 * Which nodes there are. Each says regularly that it is there, and hears of the others in the same step. One that
 * has been silent for too long is lost: removed by whoever notices it first, by Redis' clock.
 */
export class NodeDirectory {
  readonly #connection: RedisConnection;
  readonly #scheduler: Scheduler;
  readonly #options: NodeDirectoryOptions;
  readonly #beatEveryMs: number;
  readonly #deadAfterMs: number;
  readonly #lostAfterBeats: number;
  readonly #watch: NodeWatch;
  readonly #onLost: ((nodeId: string) => void)[] = [];
  readonly #onReturned: ((standing: Standing) => void)[] = [];
  #others = new Map<string, NodeEntry>();
  /** Of the directory that this node was last in. */
  #name: string | null = null;
  #names = 0;
  #registered = false;
  #missedBeats = 0;
  #extraBeat: Promise<boolean> | null = null;
  #nextExtraBeat: Promise<boolean> | null = null;
  #timer: Timer;
  #returnTimer: Timer | null = null;
  #closed = false;

  constructor(options: NodeDirectoryOptions, ports: { connection: RedisConnection; scheduler: Scheduler }) {
    this.#options = options;
    this.#connection = ports.connection;
    this.#scheduler = ports.scheduler;
    this.#beatEveryMs = options.beatEveryMs ?? 5000;
    this.#deadAfterMs = options.deadAfterMs ?? 20_000;
    this.#lostAfterBeats = Math.ceil(this.#deadAfterMs / this.#beatEveryMs);
    this.#watch = new NodeWatch(this.#lostAfterBeats);
    this.#timer = this.#scheduleBeat();
    this.#connection.onUp(() => this.#reach());
    if (this.#isReached) this.#reach();
  }

  /** Whether the others can know of this node: what it writes is taken for that of a live one. */
  get isRegistered(): boolean {
    return this.#registered && this.#isReached;
  }

  /** All nodes that are there, this one first. `facts` are what a node said of itself; null: they cannot be read. */
  live(): { readonly id: string; readonly facts: object | null }[] {
    const own = { id: this.#options.nodeId, facts: this.#options.describe() };
    if (!this.#isFresh) return [own];
    return [own, ...[...this.#others].map(([id, { facts }]) => ({ id, facts }))];
  }

  /** The ids of all nodes that are there. */
  ids(): string[] {
    const { nodeId } = this.#options;
    return this.#isFresh ? [nodeId, ...this.#others.keys()] : [nodeId];
  }

  has(nodeId: string): boolean {
    return nodeId === this.#options.nodeId || (this.#isFresh && this.#others.has(nodeId));
  }

  /** Whether it was there, or was heard of, and is not there any more. */
  isLost(nodeId: string): boolean {
    return !this.has(nodeId) && this.#watch.isLost(nodeId);
  }

  /**
   * Makes sure that `has` is right about nodes that were heard of elsewhere; those that are not there, and do not
   * come soon, are lost. False: Redis did not answer.
   */
  async judge(nodeIds: readonly string[]): Promise<boolean> {
    const isUnknown = (nodeId: string) => isNodeId(nodeId) && !this.has(nodeId);
    if (!nodeIds.some((nodeId) => isUnknown(nodeId) && !this.#watch.isAbsent(nodeId))) return true;
    if (!(await this.beatNow())) return false;
    for (const nodeId of nodeIds) if (isUnknown(nodeId)) this.#watch.doubt(nodeId);
    return true;
  }

  /** Says at once that this node is there, and hears of the others. False: Redis did not answer. */
  beatNow(): Promise<boolean> {
    // The one under way may have been answered before what the caller knows of happened.
    if (this.#extraBeat !== null) {
      this.#nextExtraBeat ??= this.#extraBeat.then(() => {
        this.#nextExtraBeat = null;
        return this.beatNow();
      });
      return this.#nextExtraBeat;
    }
    this.#extraBeat = this.#beat([]).finally(() => {
      this.#extraBeat = null;
    });
    return this.#extraBeat;
  }

  /** A node died, or left. */
  onLost(run: (nodeId: string) => void): void {
    this.#onLost.push(run);
  }

  /** This node is in the directory, and the others know it. */
  onReturned(run: (standing: Standing) => void): void {
    this.#onReturned.push(run);
  }

  /** Leaves: the others learn it at their next beat. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#registered = false;
    this.#timer.cancel();
    this.#returnTimer?.cancel();
    const { key, nodeId } = this.#options;
    await this.#connection.command(key, "HDEL", key, nodeId).catch(() => {
      // Redis is out of reach: the others will take this node for lost.
    });
  }

  /** What was heard last holds for a while without Redis. */
  get #isFresh(): boolean {
    return this.#missedBeats < this.#lostAfterBeats;
  }

  get #isReached(): boolean {
    return this.#connection.reaches(this.#options.key);
  }

  #scheduleBeat(): Timer {
    return this.#scheduler.after(this.#beatEveryMs, () => {
      this.#timer = this.#scheduleBeat();
      void this.#regularBeat();
    });
  }

  #reach(): void {
    this.#registered = false;
    void this.beatNow();
  }

  async #regularBeat(): Promise<void> {
    const heard = await this.#beat([]);
    if (this.#closed) return;
    if (!heard) {
      this.#missedBeats++;
      return;
    }
    const silent = this.#watch.listen(this.#others);
    for (const nodeId of this.#watch.resolveDoubts((id) => this.has(id))) this.#tellLost(nodeId);
    if (silent.length > 0) await this.#beat(silent);
  }

  async #beat(silent: readonly (readonly [nodeId: string, stamp: string])[]): Promise<boolean> {
    if (this.#closed || !this.#isReached) return false;
    const { nodeId, key, describe } = this.#options;
    const newName = `${nodeId}.${++this.#names}`;
    const lease = Math.max(leaseMs, this.#deadAfterMs);
    const args = [nodeId, encodeFacts(describe()), newName, String(lease), String(this.#deadAfterMs)];
    try {
      const reply = await this.#connection.run(beatScript, [key], [...args, ...silent.flat()]);
      return !this.#closed && this.#hear(reply);
    } catch (error) {
      if (error instanceof RedisUnavailable) return false;
      throw error;
    }
  }

  #hear(reply: unknown): boolean {
    const [name, wasKnown, list] = Array.isArray(reply) ? reply : [];
    if (typeof name !== "string" || !Array.isArray(list)) return false;
    const before = this.#others;
    this.#others = this.#decode(list);
    this.#missedBeats = 0;
    const isSameDirectory = name === this.#name;
    const standing = this.#standing(isSameDirectory, Number(wasKnown) === 1);
    this.#name = name;
    if (standing === "lost") this.#returnLater();
    else if (standing !== null) this.#return(standing);
    // Of a new directory, the others do not know yet: they come back to it by themselves.
    if (!isSameDirectory) return true;
    for (const nodeId of before.keys()) if (!this.#others.has(nodeId)) this.#tellLost(nodeId);
    return true;
  }

  /** Null: all is as it was at the beat before. */
  #standing(isSameDirectory: boolean, wasKnown: boolean): Standing | null {
    if (this.#name === null) return "reached";
    if (!isSameDirectory) return "emptied";
    if (!wasKnown) return "lost";
    return this.#registered || this.#returnTimer !== null ? null : "reached";
  }

  #return(standing: Standing): void {
    this.#returnTimer?.cancel();
    this.#returnTimer = null;
    this.#registered = true;
    for (const run of this.#onReturned) run(standing);
  }

  /** What is written before the others hear that this node is there would be taken for that of a lost one. */
  #returnLater(): void {
    this.#registered = false;
    this.#returnTimer ??= this.#scheduler.after(this.#beatEveryMs * heardAfterBeats, () => {
      this.#returnTimer = null;
      if (this.#isReached) this.#return("lost");
    });
  }

  #decode(list: readonly unknown[]): Map<string, NodeEntry> {
    const entries = new Map<string, NodeEntry>();
    for (let index = 0; index + 1 < list.length && entries.size < nodesMax; index += 2) {
      const nodeId = list[index];
      if (typeof nodeId !== "string" || !isNodeId(nodeId)) continue;
      const entry = decodeNodeEntry(list[index + 1], this.#others.get(nodeId));
      if (entry !== null) entries.set(nodeId, entry);
    }
    return entries;
  }

  #tellLost(nodeId: string): void {
    this.#watch.lose(nodeId);
    for (const run of this.#onLost) run(nodeId);
  }
}
