import { readFileSync } from "node:fs";
import { MemoryBroker } from "../broker/memory.ts";
import type { Broker, BrokerSink } from "../broker/port.ts";
import { RedisBroker } from "../broker/redis/broker.ts";
import { connect } from "../broker/redis/connect.ts";
import type { RelayCounters } from "../broker/redis/followed-topic.ts";
import { Keys } from "../broker/redis/keys.ts";
import { NodeDirectory } from "../broker/redis/node-directory.ts";
import type { RedisConnection, RedisSubscriptions } from "../broker/redis/ports.ts";
import { RedisPresence } from "../broker/redis/presence.ts";
import type { RedisOptions } from "../broker/redis/redis-options.ts";
import type { ConnectionEvents } from "../broker/redis/standalone.ts";
import type { Config } from "../config/index.ts";
import type { LogBounds } from "../hub/topic-log.ts";
import type { TopicRule } from "../rules/rule.ts";
import type { TopicRules } from "../rules/topic-rules.ts";
import type { Log } from "../telemetry/log.ts";
import { systemClock, systemRandom, systemScheduler } from "./system-ports.ts";

/** A topic in Redis that nobody uses is forgotten so long after it could last have been resumed from. */
const topicSlackMs = 600_000;

/** How this process speaks to Redis; the broker and the cluster share it. */
export interface RedisLinks {
  readonly connection: RedisConnection;
  readonly subscriptions: RedisSubscriptions;
  readonly keys: Keys;
  readonly nodeId: string;
  readonly directory: NodeDirectory;
  readonly presence: RedisPresence;
}

export interface RedisPorts {
  readonly log: Log;
  /** What this node says of itself to the others. */
  readonly describe: () => object;
  /** Whether members of a topic are told of each other's coming and going. */
  readonly tellsMembership: (topic: string) => boolean;
}

/** Characters of a node's id: another one for each process. */
const nodeIdLength = 12;

/** Connects to Redis as the settings say; null: there is none, everything is in memory. */
export function connectRedis(
  config: Config,
  { log, describe, tellsMembership }: RedisPorts,
): RedisLinks | null {
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
  const keys = new Keys(config.redisPrefix);
  const nodeId = systemRandom.token(nodeIdLength);
  const links = connect(options, keys, nodeId, connectionEvents(log, config.redisDown));
  const { connection } = links;
  const scheduler = systemScheduler;
  const directory = new NodeDirectory({ nodeId, key: keys.nodes, describe }, { connection, scheduler });
  const presence = new RedisPresence({ nodeId, tellsMembership }, { connection, scheduler, keys, directory });
  return { ...links, keys, nodeId, directory, presence };
}

/** Where order is decided: in Redis, or in this process. */
export function createBroker(
  config: Config,
  sink: BrokerSink,
  ports: { redis: RedisLinks | null; counters: RelayCounters; rules: TopicRules },
): Broker {
  const boundsOf = historyBounds(config, ports.rules);
  const kept = {
    alerts: { count: config.alertHistory, inHistory: true },
    chat: { count: config.chatHistory, inHistory: true },
    notifications: { count: config.recentNotifications, inHistory: false },
  };
  const { historyBytesMax, topicsMax } = config;
  const shared = { clock: systemClock, scheduler: systemScheduler, random: systemRandom };
  const { redis, counters } = ports;
  if (redis === null) {
    return new MemoryBroker({ boundsOf, historyBytesMax, topicsMax, kept }, sink, shared);
  }
  return new RedisBroker(
    {
      boundsOf,
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
    },
  );
}

/** The bounds of each topic's history, as its rule has them; one object for all topics of a rule. */
function historyBounds(config: Config, rules: TopicRules): (topic: string) => LogBounds {
  const byRule = new WeakMap<TopicRule, LogBounds>();
  return (topic) => {
    const rule = rules.of(topic);
    let bounds = byRule.get(rule);
    if (bounds === undefined) {
      bounds = {
        size: rule.historySize,
        ageMs: rule.historyAgeMs,
        bytes: config.historyTopicBytes,
        keyAgeMs: config.keyAgeMs,
        keysMax: config.keysPerTopicMax,
      };
      byRule.set(rule, bounds);
    }
    return bounds;
  };
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
