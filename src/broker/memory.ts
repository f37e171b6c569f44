import { Failure } from "../core/failure.ts";
import type { Clock, Random, Scheduler } from "../core/ports.ts";
import type { PublishRequest } from "../core/publication.ts";
import { PresenceTable } from "../hub/presence.ts";
import { type LogBounds, TopicLog } from "../hub/topic-log.ts";
import { encodePublication } from "../protocol/encode.ts";
import { type KeepRule, KeptPublications } from "./kept-publications.ts";
import type {
  Broker,
  BrokerSink,
  BrokerUsage,
  HistoryPage,
  HistoryQuery,
  KeptPublication,
  Presence,
  PublishOutcome,
  TopicSummary,
  TopicView,
} from "./port.ts";
import { scopedKey } from "./scoped-key.ts";
import { Sweep } from "./sweep.ts";
import { TopicUsage } from "./topic-usage.ts";

export interface MemoryBrokerOptions {
  /** The bounds of a topic's history and keys; what it says of a topic may change. */
  readonly boundsOf: (topic: string) => LogBounds;
  /** Bytes of all rings and keys together. */
  readonly historyBytesMax: number;
  readonly topicsMax: number;
  /** The topics whose last publications are kept whatever their age. */
  readonly kept?: Readonly<Record<string, KeepRule>>;
}

/** How much is freed at once when all rings are beyond their bound, so that the search for victims is rare. */
const evictionTarget = 7 / 8;

/** Characters of randomness in this process's epochs; a counter follows. */
const epochRandomLength = 10;

function summarise(log: TopicLog): TopicSummary {
  return { topic: log.topic, epoch: log.epoch, offset: log.top };
}

/** The whole order in this process: nothing to wait for, nothing to lose but the process. */
export class MemoryBroker implements Broker {
  readonly kind = "memory";
  readonly isConnected = true;
  readonly #options: MemoryBrokerOptions;
  readonly #sink: BrokerSink;
  readonly #clock: Clock;
  readonly #logs = new Map<string, TopicLog>();
  readonly #usage: TopicUsage;
  readonly #presence: PresenceTable;
  readonly #kept: KeptPublications;
  readonly #epochPrefix: string;
  #epochs = 0;
  #bytes = 0;
  #evictAtBytes: number;
  #evictedTopics = 0;
  readonly #sweep: Sweep<TopicLog>;

  constructor(
    options: MemoryBrokerOptions,
    sink: BrokerSink,
    ports: { clock: Clock; scheduler: Scheduler; random: Random },
  ) {
    this.#options = options;
    this.#evictAtBytes = options.historyBytesMax;
    this.#sink = sink;
    this.#clock = ports.clock;
    this.#kept = new KeptPublications(options.kept ?? {});
    this.#usage = new TopicUsage((topic) => this.#kept.has(topic));
    this.#epochPrefix = ports.random.token(epochRandomLength);
    this.#presence = new PresenceTable((topic, userId, present) =>
      sink.memberChanged(topic, userId, present),
    );
    this.#sweep = new Sweep(
      ports.scheduler,
      () => this.#logs.values(),
      (log) => this.#refresh(log),
    );
  }

  check(): null {
    return null;
  }

  publish(request: PublishRequest): PublishOutcome | null | Failure {
    const now = this.#clock.now();
    if (!request.store) {
      const followed = this.#logs.get(request.topic)?.followed === true;
      if (followed) this.#sink.deliver(request.topic, encodePublication(request, 0, now));
      return null;
    }
    const log = this.#logs.get(request.topic) ?? this.#create(request.topic, now);
    if (log instanceof Failure) return log;
    const key = scopedKey(request);
    if (key !== undefined) {
      const first = log.offsetOfKey(key, now);
      if (first !== undefined) return { epoch: log.epoch, offset: first, ts: now, repeated: true };
    }
    const bytesBefore = log.bytes;
    const publication = encodePublication(request, log.top + 1, now);
    log.append(publication);
    this.#usage.use(log, now);
    if (key !== undefined) log.rememberKey(key, publication.offset, now);
    this.#bytes += log.bytes - bytesBefore;
    if (log.followed) this.#sink.deliver(request.topic, publication);
    if (request.keep !== false) this.#kept.add(request.topic, log.epoch, publication);
    const outcome = { epoch: log.epoch, offset: publication.offset, ts: now, repeated: false };
    if (this.#bytes > this.#evictAtBytes) this.#evict(log);
    return outcome;
  }

  follow(topic: string): TopicView | Failure {
    const now = this.#clock.now();
    const log = this.#logs.get(topic) ?? this.#create(topic, now);
    if (log instanceof Failure) return log;
    this.#usage.setFollowed(log, true, now);
    return log;
  }

  unfollow(topic: string): void {
    const log = this.#logs.get(topic);
    if (log !== undefined) this.#usage.setFollowed(log, false, this.#clock.now());
  }

  history(query: HistoryQuery): HistoryPage | Failure {
    const now = this.#clock.now();
    const log = this.#logs.get(query.topic) ?? this.#create(query.topic, now);
    if (log instanceof Failure) return log;
    this.#usage.use(log, now);
    const page = this.#measured(log, () => log.page(query, now));
    if (query.since !== undefined) return page;
    const kept = this.#kept.newest(query, page);
    return kept.length > page.publications.length ? { ...page, publications: kept } : page;
  }

  kept(topic: string): readonly KeptPublication[] {
    return this.#kept.of(topic);
  }

  clearHistory(topic: string): boolean {
    const wereKept = this.#kept.clear(topic);
    const log = this.#logs.get(topic);
    if (log === undefined) return wereKept;
    this.#restart(log);
    return true;
  }

  describe(topic: string): TopicSummary | null {
    const log = this.#logs.get(topic);
    return log === undefined ? null : summarise(log);
  }

  topics(prefix: string, limit: number): TopicSummary[] {
    const summaries: TopicSummary[] = [];
    for (const log of this.#logs.values()) {
      if (summaries.length >= limit) break;
      if (log.topic.startsWith(prefix)) summaries.push(summarise(log));
    }
    return summaries;
  }

  enter(topic: string, userId: string | null): void {
    this.#presence.enter(topic, userId);
  }

  leave(topic: string, userId: string | null): void {
    this.#presence.leave(topic, userId);
  }

  presence(topic: string): Presence {
    return this.#presence.of(topic);
  }

  usage(): BrokerUsage {
    return { topics: this.#logs.size, historyBytes: this.#bytes, evictedTopics: this.#evictedTopics };
  }

  close(): void {
    this.#sweep.stop();
  }

  #create(topic: string, now: number): TopicLog | Failure {
    if (this.#logs.size >= this.#options.topicsMax) this.#forgetIdlest();
    if (this.#logs.size >= this.#options.topicsMax) {
      return new Failure("rate_limited", `This node holds as many topics as it may (${this.#logs.size}).`);
    }
    const log = new TopicLog(topic, this.#nextEpoch(), this.#options.boundsOf(topic));
    this.#logs.set(topic, log);
    this.#usage.add(log, now);
    this.#bytes += log.bytes;
    this.#sweep.note(log.bounds.ageMs);
    return log;
  }

  #nextEpoch(): string {
    this.#epochs++;
    return `${this.#epochPrefix}-${this.#epochs.toString(36)}`;
  }

  #forget(log: TopicLog): void {
    this.#bytes -= log.bytes;
    this.#logs.delete(log.topic);
    this.#usage.remove(log);
  }

  /** A topic that nobody follows is forgotten; a followed one goes on in a new epoch, and is told so. */
  #restart(log: TopicLog): void {
    if (!log.followed) {
      this.#forget(log);
      return;
    }
    this.#measured(log, () => log.restart(this.#nextEpoch()));
    this.#sink.broke(log.topic, log.epoch, 0);
  }

  #isForgettable(log: TopicLog, now: number): boolean {
    if (log.followed || !log.isEmpty || this.#kept.has(log.topic)) return false;
    return log.usedAt + log.bounds.ageMs <= now;
  }

  #measured<T>(log: TopicLog, change: () => T): T {
    const before = log.bytes;
    const result = change();
    this.#bytes += log.bytes - before;
    return result;
  }

  /** Ends the least recently used topics until the bound is kept with room to spare. */
  #evict(spared: TopicLog): void {
    const { historyBytesMax } = this.#options;
    const target = historyBytesMax * evictionTarget;
    // A topic being published to is the most recently used; it is bounded by itself. All are chosen before any
    // is ended: who is told of a break may leave, which changes the order.
    for (const log of this.#usage.victims(spared, this.#bytes - target)) {
      this.#evictedTopics++;
      this.#restart(log);
    }
    // Where followed topics alone are beyond the bound, searching at each publication would help nobody.
    this.#evictAtBytes = Math.max(historyBytesMax, this.#bytes + historyBytesMax - target);
  }

  /** Makes room for a new topic: of those that nobody follows, the least recently used goes. */
  #forgetIdlest(): void {
    const { idlest } = this.#usage;
    if (idlest !== null) this.#forget(idlest);
  }

  /** Lets what is too old go, also of topics that nobody publishes to any more. */
  #refresh(log: TopicLog): void {
    const now = this.#clock.now();
    log.bounds = this.#options.boundsOf(log.topic);
    this.#measured(log, () => log.trim(now));
    if (this.#isForgettable(log, now)) this.#forget(log);
    else this.#sweep.note(log.bounds.ageMs);
  }
}
