/** A Lua script, known by its name; which keys and arguments it takes is said where its text is. */
export interface Script {
  readonly name: string;
  /** The text begins with `generation`, which the connection sets for the Redis process it speaks to. */
  readonly text: string;
}

/** What Redis answered with an error, or did not answer in time: the outcome is unknown. */
export class RedisUnavailable extends Error {
  override readonly name = "RedisUnavailable";
}

/**
 * Commands to Redis. While Redis is out of reach every call rejects at once, and no call waits longer than the
 * deadline: it rejects with `RedisUnavailable`.
 */
export interface RedisConnection {
  /** Redis answers; of a Redis Cluster, every node does. */
  readonly isUp: boolean;
  /** Keys with different hash tags cannot be used in one command. */
  readonly isCluster: boolean;
  /** Whether the node that has the key answers. */
  reaches(key: string): boolean;
  /** Redis' clock in Unix milliseconds, as far as this node knows it. */
  now(): number;
  /** One command. `key` decides which node of a Redis Cluster gets it. */
  command(key: string, ...args: readonly string[]): Promise<unknown>;
  /** Runs a script. Its keys have one hash tag. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Keys that match the pattern, at most `limit`, from all over the cluster. */
  scan(pattern: string, limit: number): Promise<string[]>;
  /** To all who subscribed to the channel; how many connections of Redis that were. */
  publish(channel: string, message: string): Promise<number>;
  /** Calls back each time Redis is reached, the first time too; of a Redis Cluster, when any of its nodes is. */
  onUp(run: () => void): void;
  close(): Promise<void>;
}

export type OnMessage = (message: string, channel: string) => void;

/** What arrives from Redis' channels. It is kept alive by itself; what came while it was down is lost. */
export interface RedisSubscriptions {
  /** Whether all that was asked for is subscribed, by a connection that answers. */
  readonly isUp: boolean;
  /** Resolves when Redis has confirmed it; waits as long as Redis is out of reach. Never rejects. */
  subscribe(channel: string, listener: OnMessage): Promise<void>;
  unsubscribe(channel: string): void;
  /** Calls back when channels were subscribed anew: messages may have been lost before. */
  onGap(run: (channels: Iterable<string>) => void): void;
  /** Whether a message that is sent now comes back within the time. */
  hearsItself(deadlineMs: number): Promise<boolean>;
  close(): Promise<void>;
}
