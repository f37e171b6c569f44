import type { Scheduler, Timer } from "../../core/ports.ts";
import type { Position } from "../../core/position.ts";
import { type LogBounds, TopicLog } from "../../hub/topic-log.ts";
import type { BrokerSink } from "../port.ts";
import { TopicUsage } from "../topic-usage.ts";
import { decodeLine, decodeMessage, type Received } from "./codec.ts";
import { FollowedTopic, type RelayCounters } from "./followed-topic.ts";
import type { Keys } from "./keys.ts";
import type { RedisConnection, RedisSubscriptions } from "./ports.ts";
import type { Reading, TopicReader } from "./topic-reader.ts";

export interface RelayOptions {
  /** The bounds of a topic's history. */
  readonly boundsOf: (topic: string) => LogBounds;
  /** Bytes of what is held of all followed topics. */
  readonly historyBytesMax: number;
  /** What a resume may ask for: so much is read when a topic begins to be followed. */
  readonly warm: { readonly publications: number; readonly bytes: number };
  /** Whether topics begin by themselves, as Redis is out of reach and this node goes on alone. */
  readonly isAlone: () => boolean;
}

export interface RelayPorts {
  readonly connection: RedisConnection;
  readonly subscriptions: RedisSubscriptions;
  readonly reader: TopicReader;
  readonly keys: Keys;
  readonly sink: BrokerSink;
  readonly scheduler: Scheduler;
  readonly newEpoch: () => string;
  readonly counters: RelayCounters;
  /** Every publication of a followed topic that is to be kept. */
  readonly keep: (topic: string, epoch: string, received: Received) => void;
}

/** Topics whose positions are asked for in one command. */
const positionsChunk = 200;
/** All topics are looked at once in so many seconds, a few of them each second. */
const lookEverySeconds = 30;
const looksMin = 400;
/** A topic on which more was missed than this is read in parts. */
const healBytes = 1024 * 1024;

const evictionTarget = 7 / 8;

/** The topics that this node follows: what other nodes publish comes in here. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #ports: RelayPorts;
  readonly #topics = new Map<string, FollowedTopic>();
  readonly #usage = new TopicUsage(() => false);
  /** Topics that were behind when they were looked at; what was on its way then may have come since. */
  #suspects = new Map<string, Position>();
  #lookAt: Iterator<FollowedTopic> | null = null;
  #bytes = 0;
  #evicted = 0;
  #timer: Timer;
  #closed = false;
  readonly #listener = (message: string, channel: string) => this.#receive(message, channel);

  constructor(options: RelayOptions, ports: RelayPorts) {
    this.#options = options;
    this.#ports = ports;
    ports.subscriptions.onGap((channels) => {
      void this.#verify([...channels].map((channel) => ports.keys.topicOfChannel(channel)));
    });
    ports.connection.onUp(() => void this.#verify([...this.#topics.keys()]));
    this.#timer = this.#scheduleLook();
  }

  get topics(): number {
    return this.#topics.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Topics of which this node let go what it held, as all together were beyond their bound. */
  get evicted(): number {
    return this.#evicted;
  }

  follow(name: string): Promise<TopicLog> {
    const known = this.#topics.get(name);
    if (known !== undefined) return known.joined;
    const topic = new FollowedTopic(name, {
      read: (read, since) => this.#read(read, since),
      createLog: (created, epoch) => this.#createLog(created, epoch),
      append: (log, received, isNews) => this.#append(log, received, isNews),
      restart: (log, epoch, offset) => this.#measure(log, () => log.restart(epoch, offset)),
      broke: (log, offset) => this.#ports.sink.broke(log.topic, log.epoch, offset),
      counters: this.#ports.counters,
    });
    this.#topics.set(name, topic);
    void this.#ports.subscriptions
      .subscribe(this.#ports.keys.channel(name), this.#listener)
      .then(() => topic.catchUp());
    if (this.#options.isAlone()) topic.beginAlone(this.#ports.newEpoch());
    return topic.joined;
  }

  unfollow(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    this.#topics.delete(name);
    this.#suspects.delete(name);
    topic.close();
    this.#ports.subscriptions.unsubscribe(this.#ports.keys.channel(name));
    if (topic.log === null) return;
    this.#usage.remove(topic.log);
    this.#bytes -= topic.log.bytes;
  }

  /** Where the topic stands as far as this node has seen; null: it does not follow it. */
  position(name: string): Position | null {
    const log = this.#topics.get(name)?.log;
    return log ? { epoch: log.epoch, offset: log.top } : null;
  }

  isFollowed(name: string): boolean {
    return this.#topics.has(name);
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    for (const topic of this.#topics.values()) topic.close();
    this.#topics.clear();
  }

  #receive(text: string, channel: string): void {
    const name = this.#ports.keys.topicOfChannel(channel);
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    const message = decodeMessage(text);
    switch (message?.kind) {
      case undefined:
        this.#ports.counters.invalid++;
        break;
      case "batch":
        topic.batch(message);
        break;
      case "unstored":
        this.#deliverUnstored(name, message.lines);
        break;
      case "epoch":
        void topic.catchUp();
        break;
      case "member":
        this.#ports.sink.memberChanged(name, message.userId, message.present);
        break;
    }
  }

  #deliverUnstored(name: string, lines: readonly string[]): void {
    for (const line of lines) {
      const received = decodeLine(name, line, 0);
      if (received === null) this.#ports.counters.invalid++;
      else this.#ports.sink.deliver(name, received.publication);
    }
  }

  async #read(name: string, since: Position | null): Promise<Reading | null> {
    const { warm } = this.#options;
    const wanted =
      since === null
        ? { from: "newest" as const, ...warm }
        : { from: since, publications: Number.MAX_SAFE_INTEGER, bytes: healBytes };
    try {
      return await this.#ports.reader.read(name, since, wanted);
    } catch {
      return null;
    }
  }

  #createLog(name: string, epoch: string): TopicLog {
    const log = new TopicLog(name, epoch, this.#options.boundsOf(name));
    log.followed = true;
    this.#usage.add(log, this.#ports.connection.now());
    this.#bytes += log.bytes;
    return log;
  }

  #append(log: TopicLog, received: Received, isNews: boolean): void {
    const { publication } = received;
    this.#measure(log, () => log.append(publication));
    this.#usage.use(log, publication.ts);
    if (this.#bytes > this.#options.historyBytesMax) this.#evict(log);
    this.#ports.keep(log.topic, log.epoch, received);
    if (isNews) this.#ports.sink.deliver(log.topic, publication);
  }

  #measure(log: TopicLog, change: () => void): void {
    const before = log.bytes;
    change();
    this.#bytes += log.bytes - before;
  }

  /** Lets go of what the least recently used topics hold; Redis still has it. */
  #evict(spared: TopicLog): void {
    const target = this.#options.historyBytesMax * evictionTarget;
    for (const log of this.#usage.victims(spared, this.#bytes - target)) {
      this.#evicted++;
      this.#measure(log, () => log.dropHistory());
    }
  }

  /** Topics about which something may have been missed: those that are behind read what it was. */
  async #verify(names: readonly string[]): Promise<void> {
    for await (const { topic, standing } of this.#look(names)) {
      if (standing !== "level") void topic.catchUp();
    }
  }

  /** The last message of a burst may be lost without a later one to tell: so all topics are looked at in turn. */
  async #lookAtSome(): Promise<void> {
    const before = this.#suspects;
    this.#suspects = new Map();
    for await (const { topic, standing, position } of this.#look(this.#nextToLookAt())) {
      if (standing === "lost") void topic.catchUp();
      else if (standing === "behind" && position !== null) this.#suspects.set(topic.name, position);
    }
    for (const [name, position] of before) {
      const topic = this.#topics.get(name);
      if (topic !== undefined && standingOf(topic, position, 0) !== "level") void topic.catchUp();
    }
  }

  /** How topics of this node stand to what Redis says of them; ends early while Redis is out of reach. */
  async *#look(names: readonly string[]) {
    for (let start = 0; start < names.length && !this.#closed; start += positionsChunk) {
      const some = names.slice(start, start + positionsChunk);
      const topsBefore = some.map((name) => this.#topics.get(name)?.log?.top ?? 0);
      const positions = await this.#ports.reader.positions(some).catch(() => null);
      if (positions === null) return;
      for (const [index, name] of some.entries()) {
        const topic = this.#topics.get(name);
        if (topic === undefined) continue;
        const position = positions[index] ?? null;
        yield { topic, position, standing: standingOf(topic, position, topsBefore[index]!) };
      }
    }
  }

  #nextToLookAt(): string[] {
    const count = Math.max(looksMin, Math.ceil(this.#topics.size / lookEverySeconds));
    this.#lookAt ??= this.#topics.values();
    const names: string[] = [];
    while (names.length < count) {
      const next = this.#lookAt.next();
      if (next.done === true) {
        this.#lookAt = null;
        break;
      }
      names.push(next.value.name);
    }
    return names;
  }

  #scheduleLook(): Timer {
    return this.#ports.scheduler.after(1000, () => {
      void this.#lookAtSome();
      if (this.#options.isAlone()) {
        for (const topic of this.#topics.values()) topic.beginAlone(this.#ports.newEpoch());
      }
      this.#timer = this.#scheduleLook();
    });
  }
}

/** `behind`: something is on its way to this node, or was missed. `lost`: Redis has another epoch, or went back. */
function standingOf(
  topic: FollowedTopic,
  position: Position | null,
  topBefore: number,
): "level" | "behind" | "lost" {
  const { log } = topic;
  if (log === null || topic.isStale || position === null || position.epoch !== log.epoch) return "lost";
  if (position.offset < topBefore) return "lost";
  return position.offset > log.top ? "behind" : "level";
}
