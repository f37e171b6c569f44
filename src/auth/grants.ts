import { isUserTopic } from "../core/topic-name.ts";
import { TopicPatterns } from "./topic-patterns.ts";

/** What may be granted on a topic. `subscribe` includes resuming, not asking for the history. */
export const actions = ["subscribe", "publish", "presence", "history"] as const;
export type Action = (typeof actions)[number];

/** What somebody may do. Asked on the path of every message: an answer allocates nothing. */
export interface Grants {
  may(action: Action, topic: string): boolean;
  /** Users and nodes, deletion, metrics, revocation. */
  readonly mayAdminister: boolean;
}

/** Patterns by action; what is absent is denied. */
export type GrantedPatterns = { readonly [Name in Action]?: readonly string[] | undefined };

/** Everything, for a server in open mode; what an administrator may is decided by where the caller sits. */
export const openGrants: Grants = { may: () => true, mayAdminister: true };

/**
 * What clients' patterns grant. The topics of users are apart: only a pattern that begins with `user:` speaks of them,
 * so that `*` is every topic but those; and no client publishes to them. Clients with equal patterns share one.
 */
export class ClientPatterns {
  readonly #shared: Readonly<Record<Action, TopicPatterns>>;
  readonly #users: Readonly<Record<Action, TopicPatterns>>;

  constructor(patterns: GrantedPatterns) {
    this.#shared = compile(patterns, (pattern) => !isUserTopic(pattern));
    this.#users = compile({ ...patterns, publish: [] }, isUserTopic);
  }

  may(action: Action, topic: string): boolean {
    return (isUserTopic(topic) ? this.#users : this.#shared)[action].match(topic);
  }
}

/** What a client may: its patterns, and reading the topic that is its user's own. */
export class ClientGrants implements Grants {
  readonly mayAdminister = false;
  readonly #patterns: ClientPatterns;
  readonly #ownTopic: string | null;

  constructor(patterns: ClientPatterns, ownTopic: string | null) {
    this.#patterns = patterns;
    this.#ownTopic = ownTopic;
  }

  may(action: Action, topic: string): boolean {
    if (action === "subscribe" && topic === this.#ownTopic) return true;
    return this.#patterns.may(action, topic);
  }
}

/** What a server's key may be for: publishing, reading of every kind, administration. */
export const scopes = ["publish", "subscribe", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What a server's key may: its scopes, on the topics that fit its patterns. */
export class KeyGrants implements Grants {
  readonly mayAdminister: boolean;
  readonly #publish: boolean;
  readonly #read: boolean;
  readonly #topics: TopicPatterns;

  constructor(granted: readonly Scope[], topics: readonly string[]) {
    this.mayAdminister = granted.includes("admin");
    this.#publish = granted.includes("publish");
    this.#read = granted.includes("subscribe");
    this.#topics = new TopicPatterns(topics);
  }

  may(action: Action, topic: string): boolean {
    return (action === "publish" ? this.#publish : this.#read) && this.#topics.match(topic);
  }
}

function compile(
  patterns: GrantedPatterns,
  isWanted: (pattern: string) => boolean,
): Record<Action, TopicPatterns> {
  const of = (action: Action) => new TopicPatterns((patterns[action] ?? []).filter(isWanted));
  return {
    subscribe: of("subscribe"),
    publish: of("publish"),
    presence: of("presence"),
    history: of("history"),
  };
}
