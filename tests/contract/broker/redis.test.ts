import { afterAll, beforeAll } from "bun:test";
import { RedisBroker } from "../../../src/broker/redis/broker.ts";
import { Keys } from "../../../src/broker/redis/keys.ts";
import { NodeDirectory, nodeScripts } from "../../../src/broker/redis/node-directory.ts";
import type { RedisConnection } from "../../../src/broker/redis/ports.ts";
import { RedisPresence } from "../../../src/broker/redis/presence.ts";
import { presenceScripts } from "../../../src/broker/redis/presence-store.ts";
import { topicScripts } from "../../../src/broker/redis/scripts.ts";
import { StandaloneConnection, StandaloneSubscriptions } from "../../../src/broker/redis/standalone.ts";
import { systemRandom, systemScheduler } from "../../../src/lifecycle/system-ports.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import { brokerContract } from "./broker-contract.ts";

let redis: RedisServer;
let brokers = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
});

/** Takes so many milliseconds from what all keys have left to live. */
const letTimePass = `
  for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
    local left = redis.call('PTTL', key)
    if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[2]) end
  end`;

const stepMs = 1000;
const scripts = [...topicScripts, ...nodeScripts, ...presenceScripts];

const noEvents = { up() {}, down() {}, subscriberDown() {} };

brokerContract("redis", async (bounds, sink) => {
  const options = {
    url: redis.url,
    clusterNodes: [],
    username: null,
    password: null,
    tls: false,
    tlsAuthority: null,
    durable: "auto",
  } as const;
  const prefix = `test${++brokers}:`;
  const keys = new Keys(prefix);
  const real = new StandaloneConnection(options, scripts, noEvents);
  const fake = createFakePorts();
  const nodeId = systemRandom.token(12);
  let nowMs = Date.now();
  const connection: RedisConnection = new Proxy(real, {
    get(target, name) {
      if (name === "now") return () => nowMs;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const subscriptions = new StandaloneSubscriptions(options, real, keys.canary(nodeId), noEvents);
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
      kept: {},
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
        await real.command("", "EVAL", letTimePass, "0", `${prefix}*`, String(step));
        fake.scheduler.advance(step);
        // What the broker began to do in this step is done when a later command is answered.
        await real.command("", "PING");
      }
    },
    dispose: () => broker.close(),
  };
});
