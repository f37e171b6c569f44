import { readFileSync } from "node:fs";
import { MemoryBroker } from "../broker/memory.ts";
import type { Broker, BrokerSink } from "../broker/port.ts";
import { RedisBroker } from "../broker/redis/broker.ts";
import { ClusterConnection } from "../broker/redis/cluster-connection.ts";
import { ClusterSubscriptions } from "../broker/redis/cluster-subscriptions.ts";
import type { RelayCounters } from "../broker/redis/followed-topic.ts";
import type { Keys } from "../broker/redis/keys.ts";
import type { RedisConnection, RedisSubscriptions } from "../broker/redis/ports.ts";
import type { RedisOptions } from "../broker/redis/redis-options.ts";
import { topicScripts } from "../broker/redis/scripts.ts";
import {
  type ConnectionEvents,
  StandaloneConnection,
  StandaloneSubscriptions,
} from "../broker/redis/standalone.ts";
import type { Config } from "../config/index.ts";
import { PresenceTable } from "../hub/presence.ts";
import type { LogBounds } from "../hub/topic-log.ts";
import type { Log } from "../telemetry/log.ts";
import { systemClock, systemRandom, systemScheduler } from "./system-ports.ts";

/** A topic in Redis that nobody uses is forgotten so long after it could last have been resumed from. */
const topicSlackMs = 600_000;

/** How this process speaks to Redis; the broker and the cluster share it. */
export interface RedisLinks {
  readonly connection: RedisConnection;
  readonly subscriptions: RedisSubscriptions;
  readonly keys: Keys;
}

/** Connects to Redis as the settings say; null: there is none, everything is in memory. */
export function connectRedis(config: Config, keys: Keys, nodeId: string, log: Log): RedisLinks | null {
  if (config.redisUrl === null && config.redisClusterNodes.length === 0) return null;
  const options: RedisOptions = {
    url: config.redisUrl,
    clusterNodes: config.redisClusterNodes,
    username: config.redisUsername,
    password: config.redisPassword,
    tls: config.redisTls,
    tlsAuthority: config.redisTlsCa === null ? null : readFileSync(config.redisTlsCa, "utf8"),
    durable: config.redisDurable,
  };
  const events = connectionEvents(log, config.redisDown);
  if (options.url === null) {
    const connection = new ClusterConnection(options, topicScripts, events);
    const canary = (tag: string) => keys.canary(nodeId, tag);
    return { connection, subscriptions: new ClusterSubscriptions(options, connection, canary, events), keys };
  }
  const connection = new StandaloneConnection(options, topicScripts, events);
  const subscriptions = new StandaloneSubscriptions(options, connection, keys.canary(nodeId), events);
  return { connection, subscriptions, keys };
}

/** Where order is decided: in Redis, or in this process. */
export function createBroker(
  config: Config,
  sink: BrokerSink,
  ports: { redis: RedisLinks | null; counters: RelayCounters },
): Broker {
  const bounds: LogBounds = {
    size: config.historySize,
    ageMs: config.historyAgeMs,
    bytes: config.historyTopicBytes,
    keyAgeMs: config.keyAgeMs,
    keysMax: config.keysPerTopicMax,
  };
  const kept = {
    alerts: { count: config.alertHistory, inHistory: true },
    chat: { count: config.chatHistory, inHistory: true },
    notifications: { count: config.recentNotifications, inHistory: false },
  };
  const { historyBytesMax, topicsMax } = config;
  const shared = { clock: systemClock, scheduler: systemScheduler, random: systemRandom };
  const { redis, counters } = ports;
  if (redis === null) {
    return new MemoryBroker({ log: bounds, historyBytesMax, topicsMax, kept }, sink, shared);
  }
  const table = new PresenceTable((topic, userId, present) => sink.memberChanged(topic, userId, present));
  return new RedisBroker(
    {
      boundsOf: () => bounds,
      historyBytesMax,
      topicsMax,
      kept,
      resume: { publications: config.resumeLimit, bytes: config.backpressureLimitBytes / 2 },
      topicSlackMs,
      whenDown: config.redisDown,
    },
    sink,
    {
      ...redis,
      ...shared,
      counters,
      presence: {
        enter: (topic, userId) => table.enter(topic, userId),
        leave: (topic, userId) => table.leave(topic, userId),
        presence: (topic) => table.of(topic),
        close: async () => {},
      },
    },
  );
}

function connectionEvents(log: Log, whenDown: "fail" | "local"): ConnectionEvents {
  const consequence =
    whenDown === "fail"
      ? "publishing fails until it is back"
      : "what is published reaches this node's clients alone until it is back";
  return {
    up: () => log.info({}, "connected to Redis"),
    down: (reason) => log.warning({ reason }, `Redis is out of reach: ${consequence}`),
    subscriberDown: (reason) =>
      log.warning(
        { reason },
        "lost the connection that receives from Redis: what is missed will be read again",
      ),
  };
}
