import { RedisBroker } from "../../../src/broker/redis/broker.ts";
import { connect } from "../../../src/broker/redis/connect.ts";
import { Keys } from "../../../src/broker/redis/keys.ts";
import { NodeDirectory } from "../../../src/broker/redis/node-directory.ts";
import type { RedisConnection } from "../../../src/broker/redis/ports.ts";
import { RedisPresence } from "../../../src/broker/redis/presence.ts";
import type { RedisOptions } from "../../../src/broker/redis/redis-options.ts";
import { systemRandom, systemScheduler } from "../../../src/lifecycle/system-ports.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import type { CreateBroker } from "./harness.ts";

let brokers = 0;

/** Takes so many milliseconds from what all keys have left to live. */
const letTimePass = `
  for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[2]) end
  end`;

const stepMs = 1000;
const noEvents = { up() {}, down() {}, subscriberDown() {} };

/** Brokers of the Redis, or the nodes of a Redis Cluster, that there are when one is created. */
export function redisBrokers(
  servers: () => readonly RedisServer[],
  where: () => Partial<RedisOptions>,
): CreateBroker {
  return async (bounds, sink) => {
    const options: RedisOptions = {
      url: null,
      clusterNodes: [],
      username: null,
      password: null,
      tls: false,
      tlsAuthority: null,
      durable: "auto",
      ...where(),
    };
    const prefix = `test${++brokers}:`;
    const keys = new Keys(prefix);
    const nodeId = systemRandom.token(12);
    const { connection: real, subscriptions } = connect(options, keys, nodeId, noEvents);
    const fake = createFakePorts();
    let nowMs = Date.now();
    const connection: RedisConnection = new Proxy(real, {
      get(target, name) {
        if (name === "now") return () => nowMs;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const node = { connection: real, scheduler: systemScheduler };
    const directory = new NodeDirectory({ nodeId, key: keys.nodes, describe: () => ({}) }, node);
    const presence = new RedisPresence({ nodeId, tellsMembership: () => true }, { ...node, keys, directory });
    const broker = new RedisBroker(
      {
        boundsOf: () => ({
          size: bounds.historySize,
          ageMs: bounds.historyAgeMs,
          bytes: bounds.historyTopicBytes,
          keyAgeMs: bounds.keyAgeMs,
          keysMax: bounds.keysMax,
        }),
        historyBytesMax: 64 * 1024 * 1024,
        resume: { publications: 1000, bytes: 1024 * 1024 },
        topicSlackMs: 5000,
        topicsMax: 1000,
        kept: bounds.kept,
        whenDown: "fail",
      },
      sink,
      {
        connection,
        subscriptions,
        keys,
        scheduler: { ...systemScheduler, after: (delayMs, run) => fake.scheduler.after(delayMs, run) },
        random: systemRandom,
        counters: { received: 0, duplicates: 0, healed: 0, breaks: 0, invalid: 0 },
        presence,
        directory,
      },
    );
    await until(() => connection.isUp && subscriptions.isUp, 3000, "Redis");
    return {
      broker,
      advance: async (ms) => {
        for (let left = ms; left > 0; left -= stepMs) {
          const step = Math.min(left, stepMs);
          nowMs += step;
          for (const server of servers()) {
            await server.cli("EVAL", letTimePass, "0", `${prefix}*`, String(step));
          }
          fake.scheduler.advance(step);
          // What the broker began to do in this step is done when a later command is answered.
          await real.scan("none", 1);
        }
      },
      dispose: () => broker.close(),
    };
  };
}
