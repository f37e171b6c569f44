/**
 * Fixed bounds of the wire format. They are part of the contract with clients and therefore not settings;
 * bounds that an operator may move are in `src/config`.
 */
export const bounds = {
  /** Characters of a topic name or of a user id. */
  topicName: 255,
  /** Characters of an epoch. */
  epoch: 32,
  /** Characters of a publication's `type`. */
  eventType: 64,
  /** Characters of a publisher's idempotency key. */
  key: 128,
  /** Characters of a `correlation_id`. */
  correlationId: 128,
  /** Characters of a command's `id` when it is a string. */
  commandId: 64,
  /** Characters of a connection's display `name`, and of a `sender` given over REST. */
  name: 255,
  /** Entries of a publication's `tags`. */
  tags: 16,
  /** Characters of one tag's name. */
  tagName: 64,
  /** Characters of one tag's value. */
  tagValue: 256,
  /** Bytes of a cursor, in the opaque form and in the list form. */
  cursorBytes: 4096,
  /** Publications in one history answer. */
  historyPage: 1000,
  /** Publications in a history answer when the client names no limit. */
  historyPageDefault: 100,
  /** Levels of nesting in a publication's `data`. */
  dataDepth: 128,
  /** Levels of nesting in a frame or body as a whole; what is deeper is not parsed. */
  jsonDepth: 136,
} as const;

/** Seconds after which a connection that was refused may try again. */
export const retryAfterSeconds = 2;
