import type { Role } from "../core/role.ts";
import type { PayloadSchema } from "./payload-schema.ts";

/** What a rule may leave to some alone; the words of tokens' grants. `subscribe` includes resuming. */
export const rights = ["publish", "subscribe", "presence", "history"] as const;
export type Right = (typeof rights)[number];

/**
 * Who has a right: those that have shown a token (`tokens`), those of them that have one of the roles, server keys
 * alone (`keys`). Server keys are among all but `nobody`.
 */
export type Who = "anyone" | "nobody" | "tokens" | "keys" | readonly Role[];

/** Somebody, as rules see them. */
export interface Caller {
  readonly kind: "open" | "anonymous" | "user" | "key";
  /** Counts only where a token said it: in open mode anybody may name any role. */
  readonly role: Role | null;
}

/** What holds for a topic. Shared by all topics that fit the same pattern. */
export interface TopicRule {
  readonly allow: Readonly<Record<Right, Who>>;
  /** Publications. */
  readonly historySize: number;
  readonly historyAgeMs: number;
  /** How long a publication may wait for others before all go out together; 0: not at all. */
  readonly flushMs: number;
  /** Publications a second, on each node; null: no bound. */
  readonly rateMax: number | null;
  /** Bytes of `message` and `data` as JSON; null: no bound. */
  readonly bytesMax: number | null;
  /** Whether it is known who reads it. */
  readonly presence: boolean;
  /** Whether readers are told when users join and leave. */
  readonly joinLeave: boolean;
  /** What `data` must be; null: anything, or nothing. */
  readonly payload: PayloadSchema | null;
}

/** What one pattern of a rules file says; what it leaves out is as less specific patterns have it. */
export interface RuleChanges {
  readonly allow?: Readonly<Partial<Record<Right, Who>>>;
  readonly historySize?: number;
  readonly historyAgeMs?: number;
  readonly flushMs?: number;
  readonly rateMax?: number | null;
  readonly bytesMax?: number | null;
  readonly presence?: boolean;
  readonly joinLeave?: boolean;
  readonly payload?: PayloadSchema | null;
}

export function allows(who: Who, { kind, role }: Caller): boolean {
  switch (who) {
    case "anyone":
      return true;
    case "nobody":
      return false;
    case "keys":
      return kind === "key";
    case "tokens":
      return kind === "key" || kind === "user";
    default:
      return kind === "key" || (kind === "user" && role !== null && who.includes(role));
  }
}

/** The rule with the changes of a more specific pattern. */
export function withChanges(rule: TopicRule, changes: RuleChanges): TopicRule {
  return { ...rule, ...changes, allow: { ...rule.allow, ...changes.allow } };
}
