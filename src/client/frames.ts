import type {
  HistoryPage,
  Membership,
  Presence,
  Publication,
  RequestFrame,
  ShutdownNotice,
  TopicPosition,
  Welcome,
} from "./types.ts";

type Id = { readonly id?: number | string };

export type AckFrame = Id & {
  readonly type: "ack";
  readonly topic: string;
  readonly epoch?: string;
  readonly offset?: number;
  readonly local?: boolean;
};
export type SubscribedFrame = Id & TopicPosition & { readonly type: "subscribed" };
export type UnsubscribedFrame = Id & {
  readonly type: "unsubscribed";
  readonly topic: string;
  readonly code?: string;
};
export type HistoryFrame = Id & HistoryPage & { readonly type: "history" };
export type PresenceFrame = Id & Presence & { readonly type: "presence" };
export type StatusFrame = Id & { readonly type: "status"; readonly [field: string]: unknown };
export type PongFrame = Id & { readonly type: "pong" };
export type RefreshedFrame = Id & {
  readonly type: "refreshed";
  readonly expires_at?: number;
  readonly expires_in_ms?: number;
};
export type ErrorFrame = Id & {
  readonly type: "error";
  readonly topic?: string;
  readonly code: string;
  readonly message?: string;
};

/** The frames that answer a command of the queue. */
export type AnswerFrame = AckFrame | HistoryFrame | PresenceFrame | StatusFrame | PongFrame | ErrorFrame;

export type ServerFrame =
  | AnswerFrame
  | Welcome
  | SubscribedFrame
  | UnsubscribedFrame
  | RefreshedFrame
  | ShutdownNotice
  | Membership
  | RequestFrame;

/** A publication's `type` is the publisher's word, so it cannot be told from a frame by `type` alone. */
export type Incoming =
  | { readonly kind: "publication"; readonly publication: Publication }
  | { readonly kind: "frame"; readonly frame: ServerFrame };

type Fields = Record<string, unknown>;

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const hasPosition = (fields: Fields): boolean => isText(fields.epoch) && isCount(fields.offset);

/** The fields without which a frame of each type cannot be acted upon. */
const REQUIRED: Record<ServerFrame["type"], (fields: Fields) => boolean> = {
  welcome: (fields) => Array.isArray(fields.topics) && fields.topics.every(isTopicPosition),
  subscribed: isTopicPosition,
  unsubscribed: (fields) => isText(fields.topic),
  ack: (fields) => isText(fields.topic),
  history: (fields) => isTopicPosition(fields) && Array.isArray(fields.publications),
  presence: (fields) => isText(fields.topic) && Array.isArray(fields.members),
  status: () => true,
  pong: () => true,
  error: (fields) => isText(fields.code),
  refreshed: () => true,
  shutdown_notice: () => true,
  join: (fields) => isText(fields.topic) && isText(fields.user_id),
  leave: (fields) => isText(fields.topic) && isText(fields.user_id),
  request: (fields) => isText(fields.correlation_id),
};

export function isTopicPosition(value: unknown): value is TopicPosition {
  return isObject(value) && isText(value.topic) && hasPosition(value);
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null for what is not JSON, or nothing that this SDK knows: a newer server may say more than it understands. */
export function decode(text: string): Incoming | null {
  try {
    return classify(JSON.parse(text));
  } catch {
    return null;
  }
}

/** As `decode`, for what is parsed already. */
export function classify(value: unknown): Incoming | null {
  if (!isObject(value) || !isText(value.type)) return null;
  if (isText(value.topic) && typeof value.ts === "number") {
    return { kind: "publication", publication: value as unknown as Publication };
  }
  if (!Object.hasOwn(REQUIRED, value.type)) return null;
  const { type } = value as { type: ServerFrame["type"] };
  return REQUIRED[type](value) ? { kind: "frame", frame: value as unknown as ServerFrame } : null;
}
