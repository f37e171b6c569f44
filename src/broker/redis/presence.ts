import { Failure } from "../../core/failure.ts";
import type { Scheduler, Timer } from "../../core/ports.ts";
import { PresenceTable } from "../../hub/presence.ts";
import type { Presence } from "../port.ts";
import type { Keys } from "./keys.ts";
import type { NodeDirectory, Standing } from "./node-directory.ts";
import { type RedisConnection, RedisUnavailable } from "./ports.ts";
import { PresenceStore } from "./presence-store.ts";
import { PresenceUpkeep } from "./presence-upkeep.ts";
import { decodePresenceValue } from "./presence-value.ts";
import { PresenceWriter } from "./presence-writer.ts";

export interface RedisPresenceOptions {
  readonly nodeId: string;
  /** Whether members of a topic are told of each other's coming and going. */
  readonly tellsMembership: (topic: string) => boolean;
}

export interface RedisPresencePorts {
  readonly connection: RedisConnection;
  readonly scheduler: Scheduler;
  readonly keys: Keys;
  readonly directory: NodeDirectory;
}

/** What a topic's presence lives on without a node that renews it. */
const leaseMs = 90_000;
/** By then every node knows of what happened to this one, and nothing is under way that was sent before. */
const settleMs = 12_000;
/** How long leaving may take. */
const leaveMs = 2000;

const cannotTell = new Failure(
  "unavailable",
  "Redis is out of reach: who is there is not known now. Try again.",
);

/**
 * Who is in which topic, in the whole cluster. Every node counts its own connections, and says in Redis how many
 * they are; what a node said is worth nothing once it is lost.
 */
export class RedisPresence {
  readonly #options: RedisPresenceOptions;
  readonly #ports: RedisPresencePorts;
  readonly #table = new PresenceTable();
  readonly #store: PresenceStore;
  readonly #writer: PresenceWriter;
  readonly #upkeep: PresenceUpkeep;
  readonly #readings = new Map<string, Promise<Presence | Failure>>();
  #settleTimer: Timer | null = null;
  #wasLost = false;
  #closed = false;

  constructor(options: RedisPresenceOptions, ports: RedisPresencePorts) {
    this.#options = options;
    this.#ports = ports;
    const { connection, directory, keys, scheduler } = ports;
    const table = this.#table;
    const channelOf = (topic: string) => this.#channelOf(topic);
    const store = new PresenceStore(connection, keys, options.nodeId, leaseMs);
    const writer = new PresenceWriter(table, {
      store,
      scheduler,
      channelOf,
      mayWrite: () => directory.isRegistered,
      onMet: (sightings) => void this.#upkeep.meet(sightings),
    });
    this.#store = store;
    this.#writer = writer;
    this.#upkeep = new PresenceUpkeep({ table, store, writer, directory, scheduler, channelOf });
    directory.onReturned((standing) => this.#returned(standing));
    directory.onLost(() => this.#upkeep.hurry());
  }

  enter(topic: string, userId: string | null): void {
    if (this.#closed) return;
    this.#table.enter(topic, userId);
    this.#writer.mark(topic, userId);
  }

  leave(topic: string, userId: string | null): void {
    if (this.#closed) return;
    this.#table.leave(topic, userId);
    this.#writer.mark(topic, userId);
  }

  /** Who is in a topic, on all nodes. One reading serves all who ask while it is under way. */
  presence(topic: string): Promise<Presence | Failure> {
    let reading = this.#readings.get(topic);
    if (reading === undefined) {
      reading = orFailure(() => this.#read(topic)).finally(() => this.#readings.delete(topic));
      this.#readings.set(topic, reading);
    }
    return reading;
  }

  /** Tells that nobody is on this node any more; takes two seconds at most. To be called before the directory's. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#settleTimer?.cancel();
    this.#upkeep.stop();
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = this.#ports.scheduler.after(leaveMs, resolve);
    await Promise.race([this.#writer.leave(), timeout]);
    timer.cancel();
  }

  #channelOf(topic: string): string {
    return this.#options.tellsMembership(topic) ? this.#ports.keys.channel(topic) : "";
  }

  #returned(standing: Standing): void {
    if (this.#closed) return;
    this.#writer.restore(standing === "emptied");
    this.#wasLost ||= standing === "lost";
    this.#settleTimer?.cancel();
    this.#settleTimer = this.#ports.scheduler.after(settleMs, () => this.#settle());
  }

  #settle(): void {
    // Where Redis is away again, its return begins another wait.
    if (!this.#ports.directory.isRegistered) return;
    this.#writer.repeatUncertain();
    // Others may have gone on taking this node out until they heard of its return.
    if (this.#wasLost) this.#writer.restore(false);
    this.#wasLost = false;
  }

  /** The other nodes as they say in Redis, this one as it is. */
  async #read(topic: string): Promise<Presence> {
    const fields = await this.#store.read(topic);
    await this.#judge(decodePresenceValue(fields.get("")));
    let connections = this.#table.connectionsIn(topic);
    const members = new Map<string, number>();
    for (const [userId, value] of fields) {
      const elsewhere = this.#countOthers(topic, userId, value);
      if (userId === "") connections += elsewhere;
      else if (elsewhere > 0) members.set(userId, elsewhere);
    }
    for (const [userId, count] of this.#table.of(topic).members) {
      members.set(userId, (members.get(userId) ?? 0) + count);
    }
    return { members, connections };
  }

  #countOthers(topic: string, userId: string, value: string): number {
    const { directory } = this.#ports;
    let count = 0;
    for (const [nodeId, connections] of decodePresenceValue(value)) {
      if (nodeId !== this.#options.nodeId) {
        if (directory.has(nodeId)) count += connections;
      } else if (userId !== "" && this.#table.connectionsOf(topic, userId) !== connections) {
        // Written a moment ago, or left behind by something that arrived too late.
        if (!this.#closed) this.#writer.mark(topic, userId);
      }
    }
    return count;
  }

  async #judge(entries: readonly (readonly [nodeId: string, connections: number])[]): Promise<void> {
    const known = await this.#ports.directory.judge(entries.map(([nodeId]) => nodeId));
    if (!known) throw new RedisUnavailable("Redis did not say which nodes there are");
  }
}

async function orFailure<T>(read: () => Promise<T>): Promise<T | Failure> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RedisUnavailable) return cannotTell;
    throw error;
  }
}
