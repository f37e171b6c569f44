import Type from "typebox";
import { errorCodes } from "../core/errors.ts";
import { TopicName } from "../protocol/schemas.ts";
import {
  Epoch,
  historyFields,
  Local,
  Offset,
  PublicationFrame,
  presenceFields,
  topicStateFields,
} from "../protocol/server-frames.ts";

/** The shapes of what REST answers, for `/docs`: those of the WebSocket without `type` and `id`. */

const Count = Type.Integer({ minimum: 0 });

const ErrorFields = Type.Object({ code: Type.Enum([...errorCodes]), message: Type.String() });

const ConnectionCounts = Type.Object(
  { websocket: Count, sse: Count },
  { description: "Open now, by transport." },
);

/** A publication's position; none if it was published with `store: false`, or on this node alone. */
const positionFields = {
  topic: TopicName,
  epoch: Type.Optional(Epoch),
  offset: Type.Optional(Offset),
  local: Type.Optional(Local),
};

/** A publication was accepted. */
const Accepted = Type.Object(positionFields);

export const PublishAnswer = Type.Union([
  Accepted,
  Type.Object({
    results: Type.Array(
      Type.Union([Accepted, Type.Object({ topic: Type.Optional(TopicName), error: ErrorFields })]),
      { description: "In the order of the topics, where `topics` was given." },
    ),
  }),
]);

export const BatchAnswer = Type.Object({
  results: Type.Array(
    Type.Union([Accepted, Type.Object({ topic: Type.Optional(TopicName), error: ErrorFields })]),
    { description: "In the order of the publications." },
  ),
});

export const TopicAnswer = Type.Object({
  ...topicStateFields,
  subscribers: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "Connections of this node that read the topic; absent for who may not see who reads it.",
    }),
  ),
  subscribers_by_transport: Type.Optional(ConnectionCounts),
});

export const TopicsAnswer = Type.Object({ topics: Type.Array(TopicAnswer) });

export const HistoryAnswer = Type.Object(historyFields);

export const HistoryDeletedAnswer = Type.Object({
  topic: TopicName,
  epoch: Type.Union([Epoch, Type.Null()], {
    description: "In which the topic goes on; null: it is forgotten until somebody uses it again.",
  }),
});

export const PresenceAnswerSchema = Type.Object(presenceFields);

const Unanswered = Type.Optional(
  Type.Array(Type.String(), {
    description: "Names of nodes that did not say within a second what they did; absent if all did.",
  }),
);

export const DisconnectAnswer = Type.Object({
  user_id: Type.String(),
  disconnected: Type.Integer({ minimum: 0, description: "Connections, on all nodes." }),
  unanswered_nodes: Unanswered,
});

export const RevocationAnswer = Type.Object({
  user_id: Type.Optional(Type.String()),
  revoked_at: Type.Optional(
    Type.Integer({ minimum: 0, description: "Tokens issued until then, in Unix ms." }),
  ),
  token_id: Type.Optional(Type.String()),
  until: Type.Integer({ minimum: 0, description: "Unix ms; by then all that is meant has expired." }),
  disconnected: Type.Integer({ minimum: 0, description: "Connections of this node." }),
});

export const UserTopicsAnswer = Type.Object({
  user_id: Type.String(),
  topics: Type.Array(TopicName),
  connections: Type.Integer({ minimum: 1, description: "WebSockets of the user, on all nodes." }),
  unanswered_nodes: Unanswered,
});

export const NotifyAnswer = Type.Object({ status: Type.Literal("success"), message: Type.String() });

export const AlertsAnswer = Type.Object({
  alerts: Type.Array(PublicationFrame, { description: "Oldest first." }),
});

export const MessagesAnswer = Type.Object({ recent_messages: Type.Array(Type.String()) });

export const PushAnswer = Type.Object({
  status: Type.Literal("success"),
  ...positionFields,
  results: Type.Optional(
    Type.Array(Type.Object({ user_id: Type.String(), ...positionFields }), {
      description: "Where it went, if it mentions several accounts.",
    }),
  ),
});

export const BridgeBatchAnswer = Type.Object({
  results: Type.Array(
    Type.Union([
      Type.Object({
        user_id: Type.String(),
        status: Type.Literal("ok"),
        offset: Type.Optional(Offset),
        local: Type.Optional(Local),
      }),
      Type.Object({
        user_id: Type.Optional(Type.String()),
        status: Type.Literal("error"),
        error: ErrorFields,
      }),
    ]),
    { description: "In the order of the messages." },
  ),
});

export const NodesAnswer = Type.Object({
  nodes: Type.Array(
    Type.Object({
      node: Type.String({ description: "Its name." }),
      version: Type.String(),
      pid: Type.Integer(),
      started_at: Type.Integer({ description: "Unix milliseconds." }),
      uptime_seconds: Type.Number({ minimum: 0 }),
      connections: ConnectionCounts,
      subscriptions: Count,
      notification_readers: Type.Integer({
        minimum: 0,
        description: "WebSockets that read `notifications`.",
      }),
      draining: Type.Boolean(),
    }),
  ),
});

export const HealthAnswer = Type.Object({
  status: Type.Literal("healthy"),
  cache_status: Type.Enum(["connected", "fallback"], {
    description: "`fallback`: there is no Redis, or it is out of reach.",
  }),
  recent_notifications_count: Count,
  connected_websockets: Count,
  connected_event_streams: Count,
  uptime_seconds: Type.Number({ minimum: 0 }),
  node: Type.String(),
  version: Type.String(),
});

export const ReadyAnswer = Type.Object({ status: Type.Literal("ready") });

export const StatusAnswer = Type.Object(
  {
    node: Type.String(),
    version: Type.String(),
    pid: Type.Integer(),
    started_at: Type.Integer({ description: "Unix milliseconds." }),
    state: Type.Enum(["ready", "draining"]),
    connected_users: Type.Integer({ minimum: 0, description: "Of this node." }),
    workers: Type.Array(
      Type.Object({
        worker: Type.Integer({ minimum: 1 }),
        pid: Type.Integer(),
        answered: Type.Boolean({ description: "False: it is as it last said, if it ever did." }),
        node: Type.Optional(Type.String()),
        version: Type.Optional(Type.String()),
        started_at: Type.Optional(Type.Integer({ description: "Unix milliseconds." })),
        connections: Type.Optional(ConnectionCounts),
        subscriptions: Type.Optional(Count),
        draining: Type.Optional(Type.Boolean()),
      }),
      { description: "The processes that listen here." },
    ),
    cluster: Type.Object(
      { nodes: Count, draining: Count, connections: ConnectionCounts, subscriptions: Count },
      { description: "All nodes together, as they last said." },
    ),
    broker: Type.Object({
      kind: Type.Enum(["memory", "redis"]),
      topics: Count,
      history_bytes: Count,
      evicted_topics: Count,
    }),
  },
  { additionalProperties: true, description: "With all that `GET /metrics` answers." },
);
