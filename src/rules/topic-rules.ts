import type { JsonSchema } from "./inline-schema.ts";
import { PrefixTable } from "./prefix-table.ts";
import { type RuleChanges, type TopicRule, withChanges } from "./rule.ts";

/** What the settings say of all topics. */
export interface RuleDefaults {
  readonly historySize: number;
  readonly historyAgeMs: number;
  /** Publications a second to one topic; null: no bound. */
  readonly rateMax: number | null;
  /** Patterns of topics whose readers are told of each other, where no rule of the same pattern says it. */
  readonly joinLeavePatterns: readonly string[];
}

/** By pattern: a topic's name, or the beginning of names and a `*`; `*` alone is every topic. */
export type RulesByPattern = ReadonlyMap<string, RuleChanges>;

/** What `data` must be in the topics that fit a pattern. */
interface PatternPayload {
  readonly pattern: string;
  readonly schema: JsonSchema;
}

/** All rules of one moment. */
interface Book {
  readonly payloads: readonly PatternPayload[];
  readonly exact: ReadonlyMap<string, TopicRule>;
  readonly prefixes: PrefixTable<TopicRule>;
  readonly fallback: TopicRule;
}

/** Topics whose rule is remembered, in each of two generations: names that are made up cost no more than that. */
const rememberedMax = 5000;

const anyone = { publish: "anyone", subscribe: "anyone", presence: "anyone", history: "anyone" } as const;

/**
 * The rule of each topic. Of several patterns that a name fits, the more specific one counts, field by field: the
 * name itself before the longest beginning, that before shorter ones, `*` last. Asked on the path of every message.
 */
export class TopicRules {
  readonly #defaults: RuleDefaults;
  #book: Book;
  #young = new Map<string, TopicRule>();
  #old = new Map<string, TopicRule>();

  constructor(defaults: RuleDefaults, byPattern: RulesByPattern) {
    this.#defaults = defaults;
    this.#book = compile(defaults, byPattern);
  }

  /** The patterns that say what `data` must be; another list once the rules were replaced. */
  get payloads(): readonly PatternPayload[] {
    return this.#book.payloads;
  }

  of(topic: string): TopicRule {
    const { exact, prefixes, fallback } = this.#book;
    const rule = exact.get(topic);
    if (rule !== undefined) return rule;
    if (prefixes.size === 0) return fallback;
    return this.#young.get(topic) ?? this.#remember(topic);
  }

  /** All rules give way to these. */
  replace(byPattern: RulesByPattern): void {
    this.#book = compile(this.#defaults, byPattern);
    this.#young = new Map();
    this.#old = new Map();
  }

  #remember(topic: string): TopicRule {
    const { prefixes, fallback } = this.#book;
    const rule = this.#old.get(topic) ?? prefixes.longest(topic) ?? fallback;
    if (this.#young.size >= rememberedMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(topic, rule);
    return rule;
  }
}

function compile(defaults: RuleDefaults, byPattern: RulesByPattern): Book {
  const { joinLeavePatterns, historySize, historyAgeMs, rateMax } = defaults;
  const changes = new Map<string, RuleChanges>(
    joinLeavePatterns.map((pattern) => [pattern, { joinLeave: true }]),
  );
  for (const [pattern, said] of byPattern) changes.set(pattern, { ...changes.get(pattern), ...said });
  const noRule: TopicRule = {
    allow: anyone,
    historySize,
    historyAgeMs,
    flushMs: 0,
    rateMax,
    bytesMax: null,
    presence: true,
    joinLeave: false,
    payload: null,
  };
  const prefixes = new PrefixTable<TopicRule>();
  const exact = new Map<string, TopicRule>();
  const fallback = withChanges(noRule, changes.get("*") ?? {});
  const patterns = [...changes].filter(([pattern]) => pattern !== "*");
  // A more specific one builds upon what the less specific ones came to: shorter beginnings first, then the names.
  for (const [pattern, said] of patterns.sort(([one], [other]) => one.length - other.length)) {
    if (!pattern.endsWith("*")) continue;
    const prefix = pattern.slice(0, -1);
    prefixes.set(prefix, withChanges(prefixes.longest(prefix) ?? fallback, said));
  }
  for (const [name, said] of patterns) {
    if (!name.endsWith("*")) exact.set(name, withChanges(prefixes.longest(name) ?? fallback, said));
  }
  const payloads = [...byPattern].flatMap(([pattern, { payload }]) =>
    payload ? [{ pattern, schema: payload.schema }] : [],
  );
  return { payloads, exact, prefixes, fallback };
}
