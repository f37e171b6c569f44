/**
 * The shapes that travel between the SDK and the server, as the wire has them (snake_case, times in Unix ms).
 * Nothing here is imported from the server: the wire format is the contract.
 */

/** A place in a topic's history. Offsets of one epoch go up by one; a new epoch starts a new history. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface TopicPosition extends Position {
  readonly topic: string;
  /** Present if and only if a position was resumed from: false when publications may have been missed. */
  readonly recovered?: boolean;
}

export interface Publication {
  /** The publisher's word for the event. */
  readonly type: string;
  readonly topic: string;
  /** When it was published, in Unix ms. */
  readonly ts: number;
  /** Absent when the publication has no position (`store: false`, or published while the broker was away). */
  readonly offset?: number;
  readonly sender?: string;
  readonly message?: string;
  /** Any JSON value. */
  readonly data?: unknown;
  readonly key?: string;
  readonly correlation_id?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly local?: boolean;
}

/** The fields that only a WebSocket connection learns are null over Server-Sent Events. */
export interface Welcome {
  readonly type: "welcome";
  readonly connection_id: string | null;
  readonly user_id: string | null;
  readonly role: string | null;
  readonly node: string | null;
  readonly topics: readonly TopicPosition[];
  readonly message: string | null;
  /** Seconds between the server's PING frames. */
  readonly ping_interval: number | null;
  /** When the token expires, in Unix ms of the server's clock; absent without one. */
  readonly expires_at?: number;
  /** How long the token is good for, from now. */
  readonly expires_in_ms?: number;
}

/** The server is going away. */
export interface ShutdownNotice {
  readonly type: "shutdown_notice";
  readonly message?: string;
  /** How long to wait before connecting again once the connection has ended. */
  readonly reconnect_after_ms?: number;
  /** When the server closes what is still open, as it words it. */
  readonly deadline?: unknown;
}

/** A user has come to a topic or has left it. */
export interface Membership {
  readonly type: "join" | "leave";
  readonly topic: string;
  readonly user_id: string;
}

/** A question put to this user; answered by a `response` with the same correlation id. */
export interface RequestFrame {
  readonly type: "request";
  readonly correlation_id: string;
  readonly message?: string;
  readonly data?: unknown;
  readonly timeout_ms?: number;
}

export interface HistoryPage {
  readonly topic: string;
  readonly epoch: string;
  /** The newest offset of the topic, whether or not it is on this page. */
  readonly offset: number;
  /** Ascending. */
  readonly publications: readonly Publication[];
}

export interface Presence {
  readonly topic: string;
  readonly members: readonly { readonly user_id: string; readonly connections: number }[];
  /** All connections, those without a user id included. */
  readonly connections: number;
}

export interface PublishResult {
  readonly topic: string;
  /** Absent, like `offset`, when the publication has no position. */
  readonly epoch?: string;
  readonly offset?: number;
  /** The broker was away: only this node's subscribers were reached. */
  readonly local?: boolean;
}

/** What `GET /status` says; its fields are the server's. */
export type Status = Readonly<Record<string, unknown>>;

/** What to publish: `message`, `data` or both. */
export interface PublishOptions {
  readonly message?: string | undefined;
  /** Any JSON value, null included. */
  readonly data?: unknown;
  /** Becomes the publication's `type`; `message` when left out. */
  readonly event?: string | undefined;
  /** Idempotency key, at most 128 characters; made up when left out. */
  readonly key?: string | undefined;
  /** Short texts by name, for readers to filter by. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** False: delivered to those who are there now, without a position, never replayed. */
  readonly store?: boolean | undefined;
}

export interface HistoryOptions {
  readonly limit?: number | undefined;
  /** The first publications after this position instead of the newest ones. */
  readonly since?: Position | undefined;
}

export type TransportName = "websocket" | "sse";

export type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";
