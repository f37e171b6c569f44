import { isUserId } from "../../core/topic-name.ts";
import type { Keys } from "./keys.ts";
import presenceText from "./lua/presence.lua" with { type: "text" };
import renewText from "./lua/presence-renew.lua" with { type: "text" };
import sweepText from "./lua/presence-sweep.lua" with { type: "text" };
import writeText from "./lua/presence-write.lua" with { type: "text" };
import { type RedisConnection, RedisUnavailable, type Script } from "./ports.ts";
import { decodePresenceValue } from "./presence-value.ts";

const writeScript: Script = { name: "presence-write", text: presenceText + writeText };
const renewScript: Script = { name: "presence-renew", text: renewText };
const sweepScript: Script = { name: "presence-sweep", text: presenceText + sweepText };

export const presenceScripts: readonly Script[] = [writeScript, renewScript, sweepScript];

/** Fields that one command looks at. */
const scanFields = "500";

/** Members of a topic that are read at most. */
const membersMax = 1_000_000;

/** What a node says of a topic. */
export interface TopicCounts {
  readonly topic: string;
  /** Channel on which members' coming and going is told; "": it is not. */
  readonly channel: string;
  readonly connections: number;
  readonly members: readonly (readonly [userId: string, connections: number])[];
}

/** A node that another one saw in a topic. */
export interface Sighting {
  readonly topic: string;
  readonly nodeId: string;
}

/** How far a lost node has been taken out of a topic. */
export interface TopicSweep {
  readonly topic: string;
  /** Channel on which members' going is told; "": it is not. */
  readonly channel: string;
  /** Where to go on; "0": at the beginning. */
  readonly cursor: string;
}

export interface Written {
  /** By index, what could not be written, or may not have been. */
  readonly failed: readonly number[];
  /** The nodes that were in a topic to which this one came. */
  readonly met: readonly Sighting[];
}

export interface Renewed {
  /** Topics in which Redis does not say of this node what it should. */
  readonly wrong: readonly string[];
  /** Nodes in topics that are not among the live ones. */
  readonly strangers: readonly Sighting[];
}

/** Presence as it is kept in Redis, of the node that it is made for. */
export class PresenceStore {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #nodeId: string;
  readonly #leaseMs: string;

  constructor(connection: RedisConnection, keys: Keys, nodeId: string, leaseMs: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#nodeId = nodeId;
    this.#leaseMs = String(leaseMs);
  }

  async write(topics: readonly TopicCounts[]): Promise<Written> {
    const failed: number[] = [];
    const met: Sighting[] = [];
    await this.#inGroups(
      topics,
      async (group) => {
        const reply = await this.#run(writeScript, group, group.flatMap(encodeCounts));
        for (const [topic, value] of numbered(reply, group)) {
          for (const [nodeId] of decodePresenceValue(value)) met.push({ topic, nodeId });
        }
      },
      (group, from) => failed.push(...group.map((_, index) => from + index)),
    );
    return { failed, met };
  }

  /** Keeps what is known of the topics for another lease. `connections` null: they are just changing. */
  async renew(
    topics: readonly { readonly topic: string; readonly connections: number | null }[],
    liveNodes: readonly string[],
  ): Promise<Renewed> {
    const wrong: string[] = [];
    const strangers: Sighting[] = [];
    const live = liveNodes.map((nodeId) => `${nodeId},`).join("");
    await this.#inGroups(topics, async (group) => {
      const counts = group.map(({ connections }) => (connections === null ? "" : String(connections)));
      const reply = await this.#run(renewScript, group, [live, ...counts]);
      const [wrongNumbers, strangersList] = Array.isArray(reply) ? reply : [];
      for (const number of Array.isArray(wrongNumbers) ? wrongNumbers : []) {
        const topic = group[Number(number) - 1]?.topic;
        if (topic !== undefined) wrong.push(topic);
      }
      for (const [topic, nodeId] of numbered(strangersList, group)) strangers.push({ topic, nodeId });
    });
    return { wrong, strangers };
  }

  /** Takes a lost node out of some topics, in part; answers what is left to do. */
  async sweep(nodeId: string, topics: readonly TopicSweep[]): Promise<TopicSweep[]> {
    const left: TopicSweep[] = [];
    await this.#inGroups(topics, async (group) => {
      const keys = group.map(({ topic }) => this.#keys.presence(topic));
      const places = group.flatMap(({ channel, cursor }) => [channel, cursor]);
      const cursors = await this.#connection.run(sweepScript, keys, [nodeId, scanFields, ...places]);
      for (const [index, sweep] of group.entries()) {
        const cursor: unknown = Array.isArray(cursors) ? cursors[index] : "";
        if (typeof cursor === "string" && cursor !== "") left.push({ ...sweep, cursor });
      }
    });
    return left;
  }

  /** All that is known of a topic: by user id ("": everybody), what its nodes are. */
  async read(topic: string): Promise<Map<string, string>> {
    const key = this.#keys.presence(topic);
    const fields = new Map<string, string>();
    let cursor = "0";
    do {
      const reply = await this.#connection.command(key, "HSCAN", key, cursor, "COUNT", scanFields);
      const [next, list] = reply as [unknown, unknown];
      cursor = String(next);
      if (!Array.isArray(list)) break;
      for (let index = 0; index + 1 < list.length; index += 2) {
        const userId = String(list[index]);
        if (userId === "" || isUserId(userId)) fields.set(userId, String(list[index + 1]));
      }
    } while (cursor !== "0" && fields.size < membersMax);
    return fields;
  }

  /** On a Redis Cluster each topic has a call of its own, all at once; else one call does. */
  async #inGroups<T>(
    all: readonly T[],
    run: (group: readonly T[]) => Promise<void>,
    onFailure: (group: readonly T[], from: number) => void = () => {},
  ): Promise<void> {
    const size = this.#connection.isCluster ? 1 : all.length;
    const runs: Promise<void>[] = [];
    for (let from = 0; from < all.length; from += size) {
      const group = all.slice(from, from + size);
      const failed = (error: unknown) => {
        if (!(error instanceof RedisUnavailable)) throw error;
        onFailure(group, from);
      };
      runs.push(run(group).catch(failed));
    }
    await Promise.all(runs);
  }

  #run(script: Script, topics: readonly { readonly topic: string }[], args: string[]): Promise<unknown> {
    const keys = topics.map(({ topic }) => this.#keys.presence(topic));
    return this.#connection.run(script, keys, [this.#nodeId, this.#leaseMs, ...args]);
  }
}

function encodeCounts({ channel, connections, members }: TopicCounts): string[] {
  const args = [channel, String(connections), String(members.length)];
  for (const [userId, count] of members) args.push(userId, String(count));
  return args;
}

/** Reads a flat list of numbers of keys, counted from 1, and what is said of each. */
function numbered(list: unknown, group: readonly { readonly topic: string }[]): [string, string][] {
  const pairs: [string, string][] = [];
  if (!Array.isArray(list)) return pairs;
  for (let index = 0; index + 1 < list.length; index += 2) {
    const topic = group[Number(list[index]) - 1]?.topic;
    if (topic !== undefined) pairs.push([topic, String(list[index + 1])]);
  }
  return pairs;
}
