import Type, { type Static } from "typebox";
import { bounds } from "../core/bounds.ts";
import { epochPattern } from "../core/position.ts";
import { eventTypePattern } from "../core/publication.ts";
import { namePattern } from "../core/topic-name.ts";

/**
 * The shapes of what clients send, once for the codec, for REST bodies and for `/asyncapi.json`. Unknown
 * fields are allowed and left out, so that newer clients can talk to older servers.
 */

export const TopicName = Type.String({ pattern: namePattern, description: "A topic's name." });

export const CommandId = Type.Union(
  [
    Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    Type.String({ maxLength: bounds.commandId }),
  ],
  { description: "Chosen by the client and echoed in the answer; without it there is no answer." },
);

const PositionSchema = Type.Object(
  {
    epoch: Type.String({ pattern: epochPattern }),
    offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  },
  { description: "A place in a topic's history." },
);

export const Tags = Type.Record(
  Type.String({ pattern: `^.{1,${bounds.tagName}}$` }),
  Type.String({ maxLength: bounds.tagValue }),
  {
    maxProperties: bounds.tags,
    additionalProperties: false,
    description: "Short texts by name, for clients to filter by.",
  },
);

const id = Type.Optional(CommandId);

/** What a publisher says of one publication, over every transport. */
const publicationFields = {
  event: Type.Optional(
    Type.String({ pattern: eventTypePattern, description: "The publication's `type`; `message` if absent." }),
  ),
  message: Type.Optional(Type.String({ description: "Text; may be empty." })),
  data: Type.Optional(Type.Unknown({ description: "Any JSON value, null included." })),
  key: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: bounds.key,
      description: "Idempotency key: a repeat is answered with the first position.",
    }),
  ),
  correlation_id: Type.Optional(Type.String({ minLength: 1, maxLength: bounds.correlationId })),
  tags: Type.Optional(Tags),
  store: Type.Optional(
    Type.Boolean({ description: "False: delivered now, without a position, never replayed." }),
  ),
};

const oneTopicOrMany = {
  topic: Type.Optional(TopicName),
  topics: Type.Optional(Type.Array(TopicName, { minItems: 1, description: "Instead of `topic`." })),
};

/** A publication as REST takes it: one topic or many, and a sender. */
export const PublishBody = Type.Object({
  ...oneTopicOrMany,
  ...publicationFields,
  sender: Type.Optional(Type.String({ minLength: 1, maxLength: bounds.name, description: "Who says it." })),
});
export type PublishBody = Static<typeof PublishBody>;

/** The client's frames by `type`. */
export const commandSchemas = {
  subscribe: Type.Object({
    type: Type.Literal("subscribe"),
    id,
    ...oneTopicOrMany,
    since: Type.Optional(PositionSchema),
  }),
  unsubscribe: Type.Object({ type: Type.Literal("unsubscribe"), id, topic: TopicName }),
  publish: Type.Object({ type: Type.Literal("publish"), id, topic: TopicName, ...publicationFields }),
  history: Type.Object({
    type: Type.Literal("history"),
    id,
    topic: TopicName,
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    since: Type.Optional(PositionSchema),
  }),
  presence: Type.Object({ type: Type.Literal("presence"), id, topic: TopicName }),
  response: Type.Object({
    type: Type.Literal("response"),
    id,
    correlation_id: Type.String({ minLength: 1, maxLength: bounds.correlationId }),
    data: Type.Optional(Type.Unknown()),
    final: Type.Optional(Type.Boolean()),
  }),
  authenticate: Type.Object({ type: Type.Literal("authenticate"), id, token: Type.String() }),
  refresh: Type.Object({ type: Type.Literal("refresh"), id, token: Type.String() }),
  ping: Type.Object({ type: Type.Literal("ping"), id }),
  status_request: Type.Object({ type: Type.Literal("status_request"), id }),
  notification: Type.Object({
    type: Type.Literal("notification"),
    id,
    message: Type.Optional(Type.String()),
    data: Type.Optional(Type.Unknown()),
  }),
} as const;

/** An object without `type`: it follows the chat rules. */
export const ChatObject = Type.Object({
  id,
  message: Type.Optional(Type.String()),
  data: Type.Optional(Type.Unknown()),
});

export type CommandType = keyof typeof commandSchemas;
export type Command = { [Name in CommandType]: Static<(typeof commandSchemas)[Name]> }[CommandType];
export type CommandId = Static<typeof CommandId>;
