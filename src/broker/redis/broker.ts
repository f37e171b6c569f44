import { Failure } from "../../core/failure.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import type { Random, Scheduler } from "../../core/ports.ts";
import type { PublishRequest } from "../../core/publication.ts";
import type { LogBounds } from "../../hub/topic-log.ts";
import { encodeLocalPublication } from "../../protocol/encode.ts";
import { type KeepRule, KeptPublications } from "../kept-publications.ts";
import type {
  Broker,
  BrokerSink,
  BrokerUsage,
  HistoryPage,
  HistoryQuery,
  KeptPublication,
  Presence,
  PublishResult,
  TopicSummary,
  TopicView,
} from "../port.ts";
import type { Received } from "./codec.ts";
import type { RelayCounters } from "./followed-topic.ts";
import { HistoryReader } from "./history-reader.ts";
import type { Keys } from "./keys.ts";
import type { NodeDirectory } from "./node-directory.ts";
import type { RedisConnection, RedisSubscriptions } from "./ports.ts";
import type { RedisPresence } from "./presence.ts";
import { Publisher } from "./publisher.ts";
import { Relay } from "./relay.ts";
import { clearScript } from "./scripts.ts";
import { TopicReader } from "./topic-reader.ts";

export interface RedisBrokerOptions {
  readonly boundsOf: (topic: string) => LogBounds;
  /** Bytes that this node holds of all topics it follows. */
  readonly historyBytesMax: number;
  /** Publications and bytes that a resume may ask for. */
  readonly resume: { readonly publications: number; readonly bytes: number };
  /** A topic that nobody uses is forgotten so long after its last publication could have been resumed from. */
  readonly topicSlackMs: number;
  /** Topics that this node follows at most. */
  readonly topicsMax: number;
  readonly kept: Readonly<Record<string, KeepRule>>;
  /** While Redis is out of reach: publishing fails, or reaches the subscribers of this node alone. */
  readonly whenDown: "fail" | "local";
}

export interface RedisBrokerPorts {
  readonly connection: RedisConnection;
  readonly subscriptions: RedisSubscriptions;
  readonly keys: Keys;
  readonly presence: RedisPresence;
  readonly directory: NodeDirectory;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly counters: RelayCounters;
}

const epochLength = 14;

/** How long a round trip to Redis and back may take. */
const checkDeadlineMs = 900;

/** How long Redis is waited for at the start, before this node goes on alone. */
const aloneAfterMs = 800;

const outOfReach = new Failure(
  "unavailable",
  "Redis is out of reach, and nothing was published. Try again with the same key.",
);
const cannotRead = new Failure("unavailable", "Redis is out of reach: this cannot be read now. Try again.");
const notHeard = new Failure(
  "unavailable",
  "Redis takes commands, but nothing that is published comes back.",
);

/** Order is decided in Redis: any number of nodes behave as one. */
export class RedisBroker implements Broker {
  readonly kind = "redis";
  readonly #options: RedisBrokerOptions;
  readonly #sink: BrokerSink;
  readonly #ports: RedisBrokerPorts;
  readonly #reader: TopicReader;
  readonly #relay: Relay;
  readonly #publisher: Publisher;
  readonly #history: HistoryReader;
  /** What this node has seen of those that are kept, for when Redis is out of reach. */
  readonly #keptHere: KeptPublications;
  readonly #startedAt: number;
  #wasUp = false;

  constructor(options: RedisBrokerOptions, sink: BrokerSink, ports: RedisBrokerPorts) {
    this.#options = options;
    this.#sink = sink;
    this.#ports = ports;
    this.#startedAt = performance.now();
    const { connection, keys, scheduler, subscriptions, counters, random } = ports;
    const { boundsOf } = options;
    const newEpoch = () => random.token(epochLength);
    const ttlMsOf = (topic: string) => {
      const { ageMs, keyAgeMs } = boundsOf(topic);
      return Math.max(ageMs, keyAgeMs) + options.topicSlackMs;
    };
    this.#keptHere = new KeptPublications(options.kept);
    this.#reader = new TopicReader(connection, keys, newEpoch, ttlMsOf);
    this.#history = new HistoryReader({
      connection,
      reader: this.#reader,
      keys,
      boundsOf,
      keepRules: options.kept,
    });
    this.#relay = new Relay(
      {
        boundsOf,
        historyBytesMax: options.historyBytesMax,
        warm: options.resume,
        isAlone: () => this.#isAlone,
      },
      {
        connection,
        subscriptions,
        reader: this.#reader,
        keys,
        sink,
        scheduler,
        newEpoch,
        counters,
        keep: (topic, epoch, received) => this.#keep(topic, epoch, received),
      },
    );
    this.#publisher = new Publisher(
      { boundsOf, keptOf: (topic) => options.kept[topic]?.count ?? 0, ttlMsOf },
      { connection, keys, scheduler, newEpoch, known: (topic) => this.#relay.position(topic) },
    );
    connection.onUp(() => {
      this.#wasUp = true;
    });
  }

  get isConnected(): boolean {
    return this.#ports.connection.isUp;
  }

  async check(): Promise<Failure | null> {
    const { connection, subscriptions } = this.#ports;
    // It does without Redis what the settings ask for.
    if (this.#isAlone) return null;
    if (!connection.isUp) return cannotRead;
    return (await subscriptions.hearsItself(checkDeadlineMs)) ? null : notHeard;
  }

  publish(request: PublishRequest): MaybePromise<PublishResult> {
    const { connection, keys } = this.#ports;
    if (connection.reaches(keys.position(request.topic))) return this.#publisher.publish(request);
    if (!this.#isAlone) return outOfReach;
    if (this.#relay.isFollowed(request.topic)) {
      this.#sink.deliver(request.topic, encodeLocalPublication(request, this.#ports.connection.now()));
    }
    return "local";
  }

  follow(topic: string): MaybePromise<TopicView | Failure> {
    if (this.#relay.topics >= this.#options.topicsMax && !this.#relay.isFollowed(topic)) {
      return new Failure(
        "rate_limited",
        `This node follows as many topics as it may (${this.#relay.topics}).`,
      );
    }
    return this.#relay.follow(topic);
  }

  unfollow(topic: string): void {
    this.#relay.unfollow(topic);
  }

  history(query: HistoryQuery): Promise<HistoryPage | Failure> {
    return orFailure(() => this.#history.page(query));
  }

  async kept(topic: string): Promise<readonly KeptPublication[] | Failure> {
    if (!this.isConnected) return this.#keptHere.of(topic);
    const kept = await orFailure(() => this.#history.kept(topic));
    return kept instanceof Failure ? this.#keptHere.of(topic) : kept;
  }

  async clearHistory(topic: string): Promise<boolean | Failure> {
    const { connection, keys } = this.#ports;
    this.#keptHere.clear(topic);
    const cleared = await orFailure(() =>
      connection.run(clearScript, [...keys.order(topic), keys.kept(topic)], [keys.channel(topic)]),
    );
    return cleared instanceof Failure ? cleared : Number(cleared) > 0;
  }

  async describe(topic: string): Promise<TopicSummary | null | Failure> {
    const positions = await orFailure(() => this.#reader.positions([topic]));
    if (positions instanceof Failure) return positions;
    const [position] = positions;
    return position ? { topic, ...position } : null;
  }

  async topics(prefix: string, limit: number): Promise<readonly TopicSummary[] | Failure> {
    const { connection, keys } = this.#ports;
    const names = await orFailure(() => connection.scan(keys.positionsPattern(prefix), limit));
    if (names instanceof Failure) return names;
    const topics = names.map((name) => keys.topicOfChannel(name));
    const positions = await orFailure(() => this.#reader.positions(topics));
    if (positions instanceof Failure) return positions;
    return topics.flatMap((topic, index) => {
      const position = positions[index];
      return position ? [{ topic, ...position }] : [];
    });
  }

  enter(topic: string, userId: string | null): void {
    this.#ports.presence.enter(topic, userId);
  }

  leave(topic: string, userId: string | null): void {
    this.#ports.presence.leave(topic, userId);
  }

  presence(topic: string): MaybePromise<Presence | Failure> {
    return this.#ports.presence.presence(topic);
  }

  usage(): BrokerUsage {
    return {
      topics: this.#relay.topics,
      historyBytes: this.#relay.bytes,
      evictedTopics: this.#relay.evicted,
    };
  }

  async close(): Promise<void> {
    const { connection, directory, presence, subscriptions } = this.#ports;
    this.#relay.close();
    await presence.close();
    await directory.close();
    await subscriptions.close();
    await connection.close();
  }

  /** This node goes on without Redis: it had its time to answer, and the settings say so. */
  get #isAlone(): boolean {
    if (this.#options.whenDown !== "local" || this.#ports.connection.isUp) return false;
    return this.#wasUp || performance.now() - this.#startedAt >= aloneAfterMs;
  }

  #keep(topic: string, epoch: string, { publication, keep }: Received): void {
    if (!keep || this.#options.kept[topic] === undefined) return;
    const last = this.#keptHere.of(topic).at(-1);
    if (last !== undefined && last.epoch === epoch && last.publication.offset >= publication.offset) return;
    this.#keptHere.add(topic, epoch, publication);
  }
}

async function orFailure<T>(ask: () => Promise<T>): Promise<T | Failure> {
  try {
    return await ask();
  } catch {
    return cannotRead;
  }
}
