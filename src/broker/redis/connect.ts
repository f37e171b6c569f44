import { ClusterConnection } from "./cluster-connection.ts";
import { ClusterSubscriptions } from "./cluster-subscriptions.ts";
import type { Keys } from "./keys.ts";
import { nodeScripts } from "./node-directory.ts";
import type { RedisConnection, RedisSubscriptions } from "./ports.ts";
import { presenceScripts } from "./presence-store.ts";
import type { RedisOptions } from "./redis-options.ts";
import { topicScripts } from "./scripts.ts";
import { type ConnectionEvents, StandaloneConnection, StandaloneSubscriptions } from "./standalone.ts";

const scripts = [...topicScripts, ...nodeScripts, ...presenceScripts];

/** Begins to connect a node to the Redis, or Redis Cluster, that the options name; it goes on until closed. */
export function connect(
  options: RedisOptions,
  keys: Keys,
  nodeId: string,
  events: ConnectionEvents,
): { connection: RedisConnection; subscriptions: RedisSubscriptions } {
  if (options.url === null) {
    const connection = new ClusterConnection(options, scripts, events);
    const canary = (tag: string) => keys.canary(nodeId, tag);
    return { connection, subscriptions: new ClusterSubscriptions(options, connection, canary, events) };
  }
  const connection = new StandaloneConnection(options, options.url, scripts, events);
  const canary = keys.canary(nodeId);
  return {
    connection,
    subscriptions: new StandaloneSubscriptions(options, options.url, connection, canary, events),
  };
}
