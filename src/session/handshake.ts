import { bounds } from "../core/bounds.ts";
import { type Cursor, parseCursor } from "../core/cursor.ts";
import { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import { isTopicName, isUserId, nameRule, userIdRule, userTopic } from "../core/topic-name.ts";

/** What a connection may do by itself, beside asking: `user` only receives. */
export type Role = "chat" | "user" | "admin";

/** What a client says of itself when it connects. */
export interface Handshake {
  readonly userId: string | null;
  readonly name: string | null;
  readonly role: Role;
  /** The topics that it reads from the start, each once. */
  readonly topics: readonly string[];
  /** True: it named neither topics nor a position, as the seeds' clients do. */
  readonly byDefault: boolean;
  readonly since: Cursor | null;
}

/** Topics of a connection that names none. */
const defaultTopics = ["chat", "notifications", "alerts"] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** Reads the query of `/ws`. A Failure says which parameter is wrong, and how. */
export function readWebSocketQuery(
  query: URLSearchParams,
  limits: { readonly topicsMax: number; readonly defaultRole: Role },
): Handshake | Failure {
  const userId = readUserId(query);
  if (userId instanceof Failure) return userId;
  const name = readName(query);
  if (name instanceof Failure) return name;
  const role = readRole(query, limits.defaultRole);
  if (role instanceof Failure) return role;
  const since = readCursor(query.get("since"));
  if (since instanceof Failure) return since;
  const named = query.get("topics");
  const topics = named === null ? [...defaultTopics] : named === "" ? [] : named.split(",");
  if (userId !== null) topics.push(userTopic(userId));
  const distinct = distinctTopics(topics, limits.topicsMax);
  if (distinct instanceof Failure) return distinct;
  return { userId, name, role, topics: distinct, byDefault: named === null && since === null, since };
}

/** `user_id`, as every transport takes it. */
export function readUserId(query: URLSearchParams): string | null | Failure {
  const userId = query.get("user_id");
  if (userId === null || userId === "") return null;
  return isUserId(userId) ? userId : new Failure("invalid", `user_id: must be ${userIdRule}`);
}

/** A cursor in either form; absent or empty is null. */
export function readCursor(text: string | null): Cursor | null | Failure {
  return text === null || text === "" ? null : parseCursor(text);
}

/** A position that no topic has: what a cursor does not hold cannot be recovered. */
const unknownPosition: Position = { epoch: "unknown", offset: 0 };

/** Where to resume a topic; undefined when no resume was asked for. */
export function sincePosition(since: Cursor | null, topic: string): Position | undefined {
  return since === null ? undefined : (since.positionOf(topic) ?? unknownPosition);
}

/** Topic names checked, each once, within the bound. */
export function distinctTopics(topics: readonly string[], max: number): string[] | Failure {
  const distinct = new Set(topics);
  if (distinct.size > max) return new Failure("too_large", `topics: at most ${max} on one connection`);
  for (const topic of distinct) {
    if (!isTopicName(topic)) return new Failure("invalid", `topics: each must be ${nameRule}`);
  }
  return [...distinct];
}

function readName(query: URLSearchParams): string | null | Failure {
  const name = query.get("name");
  if (name === null || name === "") return null;
  if (name.length > bounds.name || controlCharacter.test(name)) {
    return new Failure(
      "invalid",
      `name: must be at most ${bounds.name} characters, none of them control characters`,
    );
  }
  return name;
}

function readRole(query: URLSearchParams, defaultRole: Role): Role | Failure {
  const client = query.get("client");
  if (client === null || client === "") return defaultRole;
  if (client === "admin" || client === "user") return client;
  return new Failure("invalid", "client: must be admin or user");
}
