import { RedisBroker, type RedisBrokerOptions } from "../../../src/broker/redis/broker.ts";
import { connect } from "../../../src/broker/redis/connect.ts";
import { Keys } from "../../../src/broker/redis/keys.ts";
import { NodeDirectory } from "../../../src/broker/redis/node-directory.ts";
import { RedisPresence } from "../../../src/broker/redis/presence.ts";
import type { RedisOptions } from "../../../src/broker/redis/redis-options.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { PublishRequest } from "../../../src/core/publication.ts";
import { systemRandom, systemScheduler } from "../../../src/lifecycle/system-ports.ts";
import { RecordingSink } from "../../contract/broker/recording-sink.ts";
import { until } from "../../support/until.ts";

const noEvents = { up() {}, down() {}, subscriberDown() {} };

export interface BrokerNodeOptions {
  readonly prefix: string;
  readonly broker?: Partial<RedisBrokerOptions>;
  readonly redis?: Partial<RedisOptions>;
  readonly historySize?: number;
}

/** One node's broker on a real Redis, with a sink that writes down what it is told. */
export class BrokerNode {
  readonly sink = new RecordingSink();
  readonly counters = { received: 0, duplicates: 0, healed: 0, breaks: 0, invalid: 0 };
  readonly broker: RedisBroker;
  readonly keys: Keys;
  readonly #parts: ReturnType<typeof connect>;

  constructor(url: string, { prefix, broker = {}, redis = {}, historySize = 1000 }: BrokerNodeOptions) {
    const keys = new Keys(prefix);
    const nodeId = systemRandom.token(12);
    const options: RedisOptions = {
      url,
      clusterNodes: [],
      username: null,
      password: null,
      tls: false,
      tlsAuthority: null,
      durable: "auto",
      ...redis,
    };
    const parts = connect(options, keys, nodeId, noEvents);
    const ports = { connection: parts.connection, scheduler: systemScheduler };
    const directory = new NodeDirectory({ nodeId, key: keys.nodes, describe: () => ({}) }, ports);
    const presence = new RedisPresence(
      { nodeId, tellsMembership: () => true },
      { ...ports, keys, directory },
    );
    const bounds = { size: historySize, ageMs: 60_000, bytes: 1024 * 1024, keyAgeMs: 60_000, keysMax: 1000 };
    this.keys = keys;
    this.#parts = parts;
    this.broker = new RedisBroker(
      {
        boundsOf: () => bounds,
        historyBytesMax: 64 * 1024 * 1024,
        resume: { publications: 1000, bytes: 1024 * 1024 },
        topicSlackMs: 60_000,
        topicsMax: 1000,
        kept: { notifications: { count: 3, inHistory: false } },
        whenDown: "fail",
        ...broker,
      },
      this.sink,
      {
        ...parts,
        keys,
        scheduler: systemScheduler,
        random: systemRandom,
        counters: this.counters,
        presence,
        directory,
      },
    );
  }

  async isUp(): Promise<this> {
    await until(() => this.#parts.connection.isUp && this.#parts.subscriptions.isUp, 5000, "Redis");
    return this;
  }

  async publish(topic: string, message: string, more: Partial<PublishRequest> = {}) {
    const outcome = await this.broker.publish({ topic, event: "message", message, store: true, ...more });
    if (outcome === null || outcome === "local" || outcome instanceof Failure) {
      throw new Error(`not published: ${outcome instanceof Failure ? outcome.message : outcome}`);
    }
    return outcome;
  }

  async follow(topic: string) {
    const view = await this.broker.follow(topic);
    if (view instanceof Failure) throw new Error(view.message);
    return view;
  }

  messagesOf(topic: string): unknown[] {
    return this.sink.events.flatMap((event) =>
      event.kind === "delivered" && event.topic === topic ? [event.message] : [],
    );
  }
}
