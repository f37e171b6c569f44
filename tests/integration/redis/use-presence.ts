import { afterAll, afterEach, beforeAll } from "bun:test";
import { createClient } from "redis";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import { type NodeOptions, PresenceNode } from "./presence-node.ts";

export interface PresenceCluster {
  readonly redis: RedisServer;
  /** Before all keys and channels; another one for each test. */
  readonly prefix: string;
  /** Starts nodes; they are ended after the test. */
  start(count: number, options?: Partial<NodeOptions>): Promise<PresenceNode[]>;
  /** Records what is told of members from now on, as `+alice` and `-alice`. */
  hear(topic: string): Promise<string[]>;
  /** Ends what was started, and begins with other keys. */
  reset(): Promise<void>;
}

/** A redis-server for all tests of a file, and nodes on it. */
export function usePresence(): PresenceCluster {
  let redis: RedisServer;
  let prefix = "";
  let tests = 0;
  const nodes: PresenceNode[] = [];
  const listeners: { destroy(): void }[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  const reset = async () => {
    prefix = "";
    await Promise.all(nodes.splice(0).map((node) => node.kill()));
    for (const listener of listeners.splice(0)) listener.destroy();
  };
  afterEach(reset);
  afterAll(async () => {
    await redis?.stop();
  });

  return {
    reset,
    get redis() {
      return redis;
    },
    get prefix() {
      if (prefix === "") prefix = `test${++tests}:`;
      return prefix;
    },
    async start(count, options = {}) {
      const started = Array.from({ length: count }, () => {
        return new PresenceNode(redis, { prefix: this.prefix, ...options });
      });
      nodes.push(...started);
      const ids = started.map(({ id }) => id);
      await until(
        () =>
          started.every(({ directory }) => directory.isRegistered && ids.every((id) => directory.has(id))),
        3000,
        "all nodes in all directories",
      );
      return started;
    },
    async hear(topic) {
      const told: string[] = [];
      const client = createClient({ url: redis.url });
      client.on("error", () => {});
      listeners.push(client);
      await client.connect();
      await client.subscribe(`${this.prefix}{${topic}}`, (message) => {
        told.push((message[0] === "j" ? "+" : "-") + message.slice(1));
      });
      return told;
    },
  };
}
