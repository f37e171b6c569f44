import Type from "typebox";
import type { Who } from "./rule.ts";

/** The rules of the topics that fit one pattern. What is left out is as the less specific patterns have it. */
export interface TopicRuleConfig {
  /** Who may do what; with tokens, a grant of the token's is needed too. By default: anyone. */
  readonly allow?: {
    readonly publish?: Who;
    /** Resuming included. */
    readonly subscribe?: Who;
    readonly presence?: Who;
    readonly history?: Who;
  };
  /** Publications that are kept, 0 for none. By default: `HISTORY_SIZE`. */
  readonly history_size?: number;
  /** Seconds, or a text as `"10 min"`. By default: `HISTORY_AGE`. */
  readonly history_age?: number | string;
  /** Milliseconds that a publication may wait for others, so that all are sent at once. By default: 0. */
  readonly flush_ms?: number;
  /** Publications a second on each node; null for no bound, as by default. */
  readonly rate_max?: number | null;
  /** Bytes of `message` and `data`, or a text as `"4 KiB"`; null for no bound, as by default. */
  readonly bytes_max?: number | string | null;
  /** Whether it is known who reads the topic. By default: true. */
  readonly presence?: boolean;
  /** Whether readers who may see presence are told of users that join and leave. By default: what `PRESENCE_EVENTS` says. */
  readonly join_leave?: boolean;
  /** JSON Schema of `data`, as `Type` writes it; null for none, as by default. */
  readonly schema?: object | null;
}

/** What a `fanfare.config.ts` has as its default export. */
export interface FanfareConfig {
  /** By topic name, or the beginning of names and a `*`; `*` alone is every topic. */
  readonly topics?: Readonly<Record<string, TopicRuleConfig>>;
}

/** The configuration as it is, checked by the compiler. */
export function defineConfig(config: FanfareConfig): FanfareConfig {
  return config;
}

export { Type };
