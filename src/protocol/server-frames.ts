import Type, { type TSchema } from "typebox";
import { bounds } from "../core/bounds.ts";
import { errorCodes } from "../core/errors.ts";
import { epochPattern } from "../core/position.ts";
import { eventTypePattern } from "../core/publication.ts";
import { userIdPattern } from "../core/topic-name.ts";
import type { serverFrameTypes } from "./event-types.ts";
import { CommandId, Tags, TopicName } from "./schemas.ts";

/**
 * The shapes of what the server sends, for `/asyncapi.json` and the documentation of REST. Servers may add
 * fields; clients leave out what they do not know.
 */

export const Epoch = Type.String({
  pattern: epochPattern,
  description: "Offsets of one epoch mean nothing in another.",
});

export const Offset = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "Of the topic's newest publication; 0: none yet in this epoch.",
});

export const Local = Type.Literal(true, {
  description: "The broker is out of reach: delivered on this node alone, without a position, not stored.",
});

const Timestamp = Type.Integer({ minimum: 0, description: "Unix milliseconds." });
const UserId = Type.String({ pattern: userIdPattern });
const ErrorCodeSchema = Type.Enum([...errorCodes]);
const Recovered = Type.Boolean({
  description:
    "Present if the client asked to resume. True: what it missed follows. False: some publications may be missing.",
});

const id = Type.Optional(CommandId);

/** How long the client's token counts; absent without one. */
const tokenTimes = {
  expires_at: Type.Optional(Timestamp),
  expires_in_ms: Type.Optional(
    Type.Integer({ minimum: 0, description: "Milliseconds from now until `expires_at`." }),
  ),
};

/** Where a topic stands. */
export const topicStateFields = {
  topic: TopicName,
  epoch: Epoch,
  offset: Offset,
};

/** A publication, as every transport delivers it: the only frame with both `topic` and `ts`. */
export const PublicationFrame = Type.Object(
  {
    type: Type.String({ pattern: eventTypePattern, description: "The publisher's word for the event." }),
    topic: TopicName,
    offset: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          "Its place in the topic; absent if it was published with `store: false`, or on one node alone.",
      }),
    ),
    ts: Timestamp,
    local: Type.Optional(Local),
    sender: Type.Optional(Type.String()),
    message: Type.Optional(Type.String({ description: "`message`, `data` or both are there." })),
    data: Type.Optional(Type.Unknown({ description: "Any JSON value, null included." })),
    key: Type.Optional(Type.String({ minLength: 1, maxLength: bounds.key })),
    correlation_id: Type.Optional(Type.String({ minLength: 1, maxLength: bounds.correlationId })),
    tags: Type.Optional(Tags),
  },
  { description: "One message at one position of a topic." },
);

export const historyFields = {
  ...topicStateFields,
  publications: Type.Array(PublicationFrame, { description: "Ascending by offset." }),
};

export const presenceFields = {
  topic: TopicName,
  members: Type.Array(Type.Object({ user_id: UserId, connections: Type.Integer({ minimum: 1 }) }), {
    description: "Users, each once; a long list is cut short.",
  }),
  connections: Type.Integer({
    minimum: 0,
    description: "All connections that read the topic, those without a user id too.",
  }),
};

/** The server's own frames by `type`. */
export const serverFrameSchemas = {
  welcome: Type.Object({
    type: Type.Literal("welcome"),
    connection_id: Type.String(),
    user_id: Type.Union([UserId, Type.Null()]),
    role: Type.Enum(["chat", "user", "admin"]),
    node: Type.String({ description: "Name of the server process." }),
    topics: Type.Array(Type.Object({ ...topicStateFields, recovered: Type.Optional(Recovered) })),
    message: Type.String(),
    ping_interval: Type.Number({ minimum: 0, description: "Seconds between the server's PING frames." }),
    ...tokenTimes,
  }),
  subscribed: Type.Object({
    type: Type.Literal("subscribed"),
    id,
    ...topicStateFields,
    recovered: Type.Optional(Recovered),
  }),
  unsubscribed: Type.Object({
    type: Type.Literal("unsubscribed"),
    id,
    topic: TopicName,
    code: Type.Optional(ErrorCodeSchema),
  }),
  ack: Type.Object({
    type: Type.Literal("ack"),
    id: CommandId,
    topic: TopicName,
    epoch: Type.Optional(Epoch),
    offset: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    local: Type.Optional(Local),
  }),
  history: Type.Object({ type: Type.Literal("history"), id, ...historyFields }),
  presence: Type.Object({ type: Type.Literal("presence"), id, ...presenceFields }),
  request: Type.Object({
    type: Type.Literal("request"),
    correlation_id: Type.String({ minLength: 1, maxLength: bounds.correlationId }),
    message: Type.Optional(Type.String()),
    data: Type.Optional(Type.Unknown()),
    timeout_ms: Type.Integer({ minimum: 1 }),
  }),
  authenticated: Type.Object({
    type: Type.Literal("authenticated"),
    id,
    user_id: Type.Optional(Type.Union([UserId, Type.Null()])),
    ...tokenTimes,
  }),
  refreshed: Type.Object({ type: Type.Literal("refreshed"), id, ...tokenTimes }),
  pong: Type.Object({ type: Type.Literal("pong"), id, ts: Timestamp }),
  status: Type.Object(
    { type: Type.Literal("status"), id, node: Type.String(), version: Type.String() },
    { additionalProperties: true, description: "With all that `GET /status` answers." },
  ),
  error: Type.Object({
    type: Type.Literal("error"),
    id,
    code: ErrorCodeSchema,
    message: Type.String(),
    topic: Type.Optional(TopicName),
  }),
  join: Type.Object({ type: Type.Literal("join"), topic: TopicName, user_id: UserId }),
  leave: Type.Object({ type: Type.Literal("leave"), topic: TopicName, user_id: UserId }),
  shutdown_notice: Type.Object({
    type: Type.Literal("shutdown_notice"),
    message: Type.String(),
    reconnect_after_ms: Type.Integer({ minimum: 0 }),
    deadline: Type.Integer({ minimum: 0, description: "Unix milliseconds; then the server closes." }),
  }),
} as const satisfies Record<(typeof serverFrameTypes)[number], TSchema>;

export type ServerFrameType = keyof typeof serverFrameSchemas;
