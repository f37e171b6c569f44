import type { Position } from "../../core/position.ts";
import type { Keys } from "./keys.ts";
import type { RedisConnection } from "./ports.ts";
import { positionsScript, readScript } from "./scripts.ts";

/** A batch as it is stored: the offset of its last publication, and a line for each. */
export interface Entry {
  readonly last: number;
  readonly lines: readonly string[];
}

/** Where a topic stands, and the entries that were asked for, oldest first. */
export interface Reading extends Position {
  readonly entries: readonly Entry[];
}

export interface Wanted {
  /** The newest ones, or those after a position; of another epoch from the oldest held. */
  readonly from: "newest" | Position;
  /** The entry that reaches one of these is the last one read. */
  readonly publications: number;
  readonly bytes: number;
}

/** Reads that are under way at one time: a burst of them must not keep publishing waiting. */
const concurrentReads = 64;

/** Reads topics from Redis. Every call rejects with `RedisUnavailable` while that is out of reach. */
export class TopicReader {
  readonly #connection: RedisConnection;
  readonly #keys: Keys;
  readonly #newEpoch: () => string;
  readonly #ttlMsOf: (topic: string) => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** `ttlMsOf`: a topic that nobody uses is forgotten after it. */
  constructor(
    connection: RedisConnection,
    keys: Keys,
    newEpoch: () => string,
    ttlMsOf: (topic: string) => number,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#newEpoch = newEpoch;
    this.#ttlMsOf = ttlMsOf;
  }

  /**
   * `known` is what the caller has seen of the topic: where Redis stands before it in the same epoch, it has gone
   * back in time, and a new epoch begins.
   */
  async read(topic: string, known: Position | null, wanted: Wanted): Promise<Reading> {
    await this.#turn();
    try {
      const keys = this.#keys;
      const { from } = wanted;
      const reply = (await this.#connection.run(readScript, keys.order(topic), [
        this.#newEpoch(),
        known?.epoch ?? "",
        String(known?.offset ?? 0),
        String(this.#ttlMsOf(topic)),
        keys.channel(topic),
        from === "newest" ? "newest" : "after",
        from === "newest" ? "0" : String(from.offset),
        String(wanted.publications),
        String(wanted.bytes),
        from === "newest" ? "" : from.epoch,
      ])) as unknown[];
      return parseReading(reply, from === "newest");
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** Where topics stand; null for one that Redis does not know. */
  async positions(topics: readonly string[]): Promise<(Position | null)[]> {
    if (!this.#connection.isCluster || topics.length < 2) return this.#positions(topics);
    return (await Promise.all(topics.map((topic) => this.#positions([topic])))).flat();
  }

  async #positions(topics: readonly string[]): Promise<(Position | null)[]> {
    const keys = topics.map((topic) => this.#keys.position(topic));
    const reply = (await this.#connection.run(positionsScript, keys, [
      String(topics.reduce((most, topic) => Math.max(most, this.#ttlMsOf(topic)), 0)),
    ])) as unknown[];
    return topics.map((_, index) => {
      const epoch = String(reply[2 * index]);
      return epoch === "" ? null : { epoch, offset: Number(reply[2 * index + 1]) };
    });
  }

  async #turn(): Promise<void> {
    if (this.#running >= concurrentReads) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }
}

function parseReading(reply: readonly unknown[], newestFirst: boolean): Reading {
  const entries: Entry[] = [];
  for (let index = 2; index + 2 < reply.length; index += 3) {
    const lines = String(reply[index + 2]).split("\n");
    entries.push({ last: Number(reply[index]), lines });
  }
  if (newestFirst) entries.reverse();
  return { epoch: String(reply[0]), offset: Number(reply[1]), entries };
}
