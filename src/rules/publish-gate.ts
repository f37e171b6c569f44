import { Failure } from "../core/failure.ts";
import type { Clock } from "../core/ports.ts";
import type { PublishRequest } from "../core/publication.ts";
import { BucketTable } from "../limits/bucket-table.ts";
import { rateOf } from "../limits/rate.ts";
import type { TopicRule } from "./rule.ts";
import type { TopicRules } from "./topic-rules.ts";

/** Topics whose rate is remembered at once, of each rate that there is. */
const topicsMax = 65_536;

/** Holds publications to the rules of their topics: their size, their payload, and how many there are. */
export class PublishGate {
  readonly #rules: TopicRules;
  readonly #clock: Clock;
  readonly #burstMs: number;
  /** By rule: the buckets go with it when another file takes its place. */
  readonly #buckets = new WeakMap<TopicRule, BucketTable>();

  /** A topic that was quiet may have at once what its rate lets through in `burstMs`. */
  constructor(rules: TopicRules, burstMs: number, clock: Clock) {
    this.#rules = rules;
    this.#burstMs = burstMs;
    this.#clock = clock;
  }

  /** Null: it may be published. Only such ones count for the rate. */
  check(request: PublishRequest): Failure | null {
    const rule = this.#rules.of(request.topic);
    return (
      this.#checkSize(request, rule) ?? rule.payload?.check(request.data) ?? this.#checkRate(request, rule)
    );
  }

  #checkSize({ topic, message, data }: PublishRequest, { bytesMax }: TopicRule): Failure | null {
    if (bytesMax === null) return null;
    let bytes = message === undefined ? 0 : Buffer.byteLength(message);
    if (data !== undefined) bytes += Buffer.byteLength(JSON.stringify(data));
    if (bytes <= bytesMax) return null;
    return new Failure("too_large", `${topic} takes publications of at most ${bytesMax} bytes.`);
  }

  #checkRate({ topic }: PublishRequest, rule: TopicRule): Failure | null {
    const { rateMax } = rule;
    if (rateMax === null || this.#bucketsOf(rule, rateMax).take(topic, 1, this.#clock.now())) return null;
    return new Failure("rate_limited", `${topic} takes at most ${rateMax} publications a second: slow down.`);
  }

  #bucketsOf(rule: TopicRule, rateMax: number): BucketTable {
    let buckets = this.#buckets.get(rule);
    if (buckets === undefined) {
      buckets = new BucketTable(rateOf(rateMax, this.#burstMs)!, topicsMax);
      this.#buckets.set(rule, buckets);
    }
    return buckets;
  }
}
