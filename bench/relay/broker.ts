import { RedisBroker } from "../../src/broker/redis/broker.ts";
import { connect } from "../../src/broker/redis/connect.ts";
import { Keys } from "../../src/broker/redis/keys.ts";
import { NodeDirectory } from "../../src/broker/redis/node-directory.ts";
import { RedisPresence } from "../../src/broker/redis/presence.ts";
import { createConfig } from "../../src/config/index.ts";
import { systemRandom, systemScheduler } from "../../src/lifecycle/system-ports.ts";

/** What a node has between its hub and Redis, with the settings of a server. Resolves when it is connected. */
export const openBroker = async (onDelivery: () => void): Promise<RedisBroker> => {
  const config = createConfig();
  const keys = new Keys(config.redisPrefix);
  const nodeId = systemRandom.token(12);
  const { connection, subscriptions } = connect(
    {
      url: process.env.REDIS_URL ?? "",
      clusterNodes: [],
      username: null,
      password: null,
      tls: false,
      tlsAuthority: null,
      durable: "auto",
    },
    keys,
    nodeId,
    { up() {}, down: (reason) => console.error(reason), subscriberDown: (reason) => console.error(reason) },
  );
  const scheduler = systemScheduler;
  const directory = new NodeDirectory(
    { nodeId, key: keys.nodes, describe: () => ({}) },
    { connection, scheduler },
  );
  const presence = new RedisPresence(
    { nodeId, tellsMembership: () => false },
    { connection, scheduler, keys, directory },
  );
  const bounds = {
    size: Number(process.env.HISTORY_SIZE ?? config.historySize),
    ageMs: config.historyAgeMs,
    bytes: config.historyTopicBytes,
    keyAgeMs: config.keyAgeMs,
    keysMax: config.keysPerTopicMax,
  };
  const broker = new RedisBroker(
    {
      boundsOf: () => bounds,
      historyBytesMax: config.historyBytesMax,
      resume: { publications: config.resumeLimit, bytes: config.backpressureLimitBytes / 2 },
      topicSlackMs: 600_000,
      topicsMax: config.topicsMax,
      kept: {},
      whenDown: "fail",
    },
    { deliver: onDelivery, broke: () => console.error("a break"), memberChanged() {} },
    {
      connection,
      subscriptions,
      keys,
      presence,
      directory,
      scheduler,
      random: systemRandom,
      counters: { received: 0, duplicates: 0, healed: 0, breaks: 0, invalid: 0 },
    },
  );
  while (!connection.isUp || !subscriptions.isUp) await Bun.sleep(5);
  return broker;
};
