import type { ErrorCode } from "../core/errors.ts";
import type { Publication, PublishRequest } from "../core/publication.ts";
import type { CommandId } from "./schemas.ts";

/**
 * Event in, text out. Frames of the path of a message are put together by hand: topic names, types and epochs
 * have no character that JSON escapes, so only free text goes through `JSON.stringify`.
 */

/** Where a topic stands for one subscriber: in `welcome`, `subscribed` and the first SSE event. */
export interface TopicState {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
  /** Present if and only if the subscriber asked to resume. */
  readonly recovered?: boolean;
}

/** Encodes a publication once, for every transport. `offset` 0: it has no position. */
export function encodePublication(request: PublishRequest, offset: number, ts: number): Publication {
  return assemblePublication(request.event, request.topic, offset, ts, encodeTail(request));
}

/** Encodes a publication that is delivered on this node alone, while the broker is out of reach. */
export function encodeLocalPublication(request: PublishRequest, ts: number): Publication {
  return assemblePublication(request.event, request.topic, 0, ts, `,"local":true${encodeTail(request)}`);
}

/** What follows `ts` in a publication's frame: all that its publisher decides, and nothing that the broker does. */
export function encodeTail(request: PublishRequest): string {
  let tail = "";
  if (request.sender !== undefined) tail += `,"sender":${JSON.stringify(request.sender)}`;
  if (request.message !== undefined) tail += `,"message":${JSON.stringify(request.message)}`;
  if (request.data !== undefined) tail += `,"data":${JSON.stringify(request.data)}`;
  if (request.key !== undefined) tail += `,"key":${JSON.stringify(request.key)}`;
  if (request.correlationId !== undefined) {
    tail += `,"correlation_id":${JSON.stringify(request.correlationId)}`;
  }
  if (request.tags !== undefined) tail += `,"tags":${JSON.stringify(request.tags)}`;
  return `${tail}}`;
}

/** A publication out of its tail, where its position was not known when that was encoded. */
export function assemblePublication(
  type: string,
  topic: string,
  offset: number,
  ts: number,
  tail: string,
): Publication {
  const position = offset > 0 ? `,"offset":${offset}` : "";
  const frame = `{"type":"${type}","topic":"${topic}"${position},"ts":${ts}${tail}`;
  return { offset, ts, type, frame, bytes: Buffer.byteLength(frame) };
}

/** `,"id":…` or nothing. */
function idField(id: CommandId | undefined): string {
  if (id === undefined) return "";
  return typeof id === "number" ? `,"id":${id}` : `,"id":${JSON.stringify(id)}`;
}

/** `answer` as the client is told; `recovered` only where it asked to resume. */
export function topicState(
  topic: string,
  { epoch, offset, recovered }: { epoch: string; offset: number; recovered?: boolean },
): TopicState {
  return recovered === undefined ? { topic, epoch, offset } : { topic, epoch, offset, recovered };
}

export function encodeTopicState(state: TopicState): string {
  const recovered = state.recovered === undefined ? "" : `,"recovered":${state.recovered}`;
  return `"topic":"${state.topic}","epoch":"${state.epoch}","offset":${state.offset}${recovered}`;
}

export function encodeSubscribed(id: CommandId | undefined, state: TopicState): string {
  return `{"type":"subscribed"${idField(id)},${encodeTopicState(state)}}`;
}

/** `code` is given when the server took the subscription away. */
export function encodeUnsubscribed(id: CommandId | undefined, topic: string, code?: ErrorCode): string {
  const why = code === undefined ? "" : `,"code":"${code}"`;
  return `{"type":"unsubscribed"${idField(id)},"topic":"${topic}"${why}}`;
}

/** Where an accepted publication is: null where it has no position, as asked for; `local`: on this node alone. */
export type AcceptedAt = { readonly epoch: string; readonly offset: number } | "local" | null;

/** The fields of a publication that was accepted, without braces: WebSocket adds `type` and `id`. */
export function encodeAcceptedFields(topic: string, at: AcceptedAt): string {
  if (at === null) return `"topic":"${topic}"`;
  if (at === "local") return `"topic":"${topic}","local":true`;
  return `"topic":"${topic}","epoch":"${at.epoch}","offset":${at.offset}`;
}

export function encodeAck(id: CommandId, topic: string, at: AcceptedAt): string {
  return `{"type":"ack"${idField(id)},${encodeAcceptedFields(topic, at)}}`;
}

export function encodeError(
  id: CommandId | undefined,
  code: ErrorCode,
  message: string,
  topic?: string,
): string {
  const where = topic === undefined ? "" : `,"topic":"${topic}"`;
  return `{"type":"error"${idField(id)},"code":"${code}","message":${JSON.stringify(message)}${where}}`;
}

/** The fields of a history answer, without braces: WebSocket adds `type` and `id`. */
export function encodeHistoryFields(
  topic: string,
  epoch: string,
  offset: number,
  publications: readonly Publication[],
): string {
  const list = publications.map((publication) => publication.frame).join(",");
  return `"topic":"${topic}","epoch":"${epoch}","offset":${offset},"publications":[${list}]`;
}

export function encodeHistory(id: CommandId | undefined, fields: string): string {
  return `{"type":"history"${idField(id)},${fields}}`;
}

export interface Member {
  readonly user_id: string;
  readonly connections: number;
}

export interface PresenceAnswer {
  readonly topic: string;
  readonly members: readonly Member[];
  /** All of them, those without a user id too. */
  readonly connections: number;
}

export function encodePresence(id: CommandId | undefined, presence: PresenceAnswer): string {
  return `{"type":"presence"${idField(id)},${JSON.stringify(presence).slice(1)}`;
}

export function encodePong(id: CommandId | undefined, ts: number): string {
  return `{"type":"pong"${idField(id)},"ts":${ts}}`;
}

/** `status` is the object that `GET /status` answers. */
export function encodeStatus(id: CommandId | undefined, status: object): string {
  const fields = JSON.stringify(status).slice(1);
  return `{"type":"status"${idField(id)}${fields === "}" ? "" : ","}${fields}`;
}

export interface Welcome {
  readonly connection_id: string;
  readonly user_id: string | null;
  readonly role: string;
  readonly node: string;
  readonly topics: readonly TopicState[];
  readonly message: string;
  /** Seconds between the server's PING frames. */
  readonly ping_interval: number;
  /** When the client's token expires, in Unix milliseconds, and how long that is from now. */
  readonly expires_at?: number;
  readonly expires_in_ms?: number;
}

/** How long a token counts. */
export type TokenTimes = Pick<Welcome, "expires_at" | "expires_in_ms">;

export function encodeWelcome(welcome: Welcome): string {
  return JSON.stringify({ type: "welcome", ...welcome });
}

/** The token was accepted; the welcome follows. */
export function encodeAuthenticated(
  id: CommandId | undefined,
  userId: string | null,
  times: TokenTimes,
): string {
  return JSON.stringify({ type: "authenticated", id, user_id: userId, ...times });
}

/** The newer token was accepted. */
export function encodeRefreshed(id: CommandId | undefined, times: TokenTimes): string {
  return JSON.stringify({ type: "refreshed", id, ...times });
}

/** `deadline` and `reconnectAfterMs`: Unix milliseconds, and how long a client should wait to come back. */
export function encodeShutdownNotice(message: string, reconnectAfterMs: number, deadline: number): string {
  return JSON.stringify({
    type: "shutdown_notice",
    message,
    reconnect_after_ms: reconnectAfterMs,
    deadline,
  });
}

/** What a user's connections are asked; they answer with `response` and the same correlation id. */
export function encodeRequest(request: {
  readonly correlationId: string;
  readonly message?: string | undefined;
  readonly data?: unknown;
  readonly timeoutMs: number;
}): string {
  return JSON.stringify({
    type: "request",
    correlation_id: request.correlationId,
    message: request.message,
    data: request.data,
    timeout_ms: request.timeoutMs,
  });
}

export function encodeMembership(type: "join" | "leave", topic: string, userId: string): string {
  return `{"type":"${type}","topic":"${topic}","user_id":"${userId}"}`;
}
