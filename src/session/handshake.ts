import type { Access } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import { bounds } from "../core/bounds.ts";
import { type Cursor, parseCursor } from "../core/cursor.ts";
import { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Role } from "../core/role.ts";
import { isTopicName, isUserId, nameRule, userIdRule, userTopic } from "../core/topic-name.ts";

/** What the query of `/ws` says, before it is known who says it. */
export interface Asked {
  readonly userId: string | null;
  readonly name: string | null;
  readonly client: "admin" | "user" | null;
  /** Null: it names none. */
  readonly topics: readonly string[] | null;
  readonly since: Cursor | null;
}

/** What is agreed when a client connects. */
export interface Handshake {
  readonly identity: Identity;
  readonly userId: string | null;
  readonly name: string | null;
  readonly role: Role;
  /** It asked to be no more than a receiver (`client=user`), whatever its token says. */
  readonly receivesOnly: boolean;
  /** The topics that it reads from the start, each once. */
  readonly topics: readonly string[];
  /** Those it named and may not read. */
  readonly refused: readonly RefusedTopic[];
  /** True: it named neither topics nor a position, as the seeds' clients do. */
  readonly byDefault: boolean;
  readonly since: Cursor | null;
}

export interface RefusedTopic {
  readonly topic: string;
  readonly failure: Failure;
}

export interface HandshakeRules {
  readonly topicsMax: number;
  /** The role of who says none. */
  readonly defaultRole: Role;
  readonly access: Access;
}

/** Topics of a connection that names none. */
const defaultTopics = ["chat", "notifications", "alerts"] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
const controlCharacter = /[\u0000-\u001f\u007f]/;

const notTheSubject = new Failure("forbidden", "user_id: must be the token's subject (sub), or be left out.");
const nobodysUserId = new Failure(
  "forbidden",
  "user_id: who connects without a token cannot prove to be a user: leave it out.",
);
const roleOfToken = new Failure(
  "forbidden",
  "client=admin: with authentication on, the role is said by the token (claim fanfare.role).",
);

/** Reads the query of `/ws`. A Failure says which parameter is wrong, and how. */
export function readWebSocketQuery(query: URLSearchParams, topicsMax: number): Asked | Failure {
  const userId = readUserId(query);
  if (userId instanceof Failure) return userId;
  const name = readName(query);
  if (name instanceof Failure) return name;
  const client = readClient(query);
  if (client instanceof Failure) return client;
  const since = readCursor(query.get("since"));
  if (since instanceof Failure) return since;
  const named = query.get("topics");
  const topics = named === null ? null : distinctTopics(named === "" ? [] : named.split(","), topicsMax);
  return topics instanceof Failure ? topics : { userId, name, client, topics, since };
}

/** What somebody gets of what was asked. Default topics that they may not read are left out in silence. */
export function handshakeOf(asked: Asked, identity: Identity, rules: HandshakeRules): Handshake | Failure {
  const userId = connectionUser(asked.userId, identity);
  if (userId instanceof Failure) return userId;
  const role = roleOf(asked.client, identity, rules.defaultRole);
  if (role instanceof Failure) return role;
  const { name, since } = asked;
  const own = userId === null ? [] : [userTopic(userId)];
  const byItself = sortTopics(
    [...(asked.topics === null ? defaultTopics : []), ...own],
    identity,
    rules.access,
  );
  const named = sortTopics(asked.topics ?? [], identity, rules.access);
  const topics = distinctTopics([...named.allowed, ...byItself.allowed], rules.topicsMax);
  if (topics instanceof Failure) return topics;
  const byDefault = asked.topics === null && since === null;
  const receivesOnly = asked.client === "user";
  return { identity, userId, name, role, receivesOnly, topics, refused: named.refused, byDefault, since };
}

/** Whose connection it is, of who says so or not; a Failure where that is not theirs to say. */
export function connectionUser(said: string | null, identity: Identity): string | null | Failure {
  if (identity.kind === "open") return said;
  if (said === null || said === identity.userId) return identity.userId;
  return identity.kind === "user" ? notTheSubject : nobodysUserId;
}

/** The topics that somebody may read, and why they may not read the others. */
export function sortTopics(
  topics: readonly string[],
  identity: Identity,
  access: Access,
): { allowed: string[]; refused: RefusedTopic[] } {
  const sorted = { allowed: [] as string[], refused: [] as RefusedTopic[] };
  for (const topic of topics) {
    const failure = access(identity, "subscribe", topic);
    if (failure === null) sorted.allowed.push(topic);
    else sorted.refused.push({ topic, failure });
  }
  return sorted;
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

/** One that is in as many topics as it may wanted another. */
export function tooManyTopics(max: number): Failure {
  const remedy = "unsubscribe from some first, or open another connection";
  return new Failure("too_large", `A connection reads at most ${max} topics: ${remedy}.`);
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

function readClient(query: URLSearchParams): "admin" | "user" | null | Failure {
  const client = query.get("client");
  if (client === null || client === "") return null;
  if (client === "admin" || client === "user") return client;
  return new Failure("invalid", "client: must be admin or user");
}

/** In open mode the client's to say; else the token's, but a client may ask to be less than it says. */
function roleOf(client: Asked["client"], identity: Identity, defaultRole: Role): Role | Failure {
  if (identity.kind === "open") return client ?? defaultRole;
  if (client === "admin") return roleOfToken;
  return client ?? identity.role ?? defaultRole;
}
