import { Elysia } from "elysia";
import Type from "typebox";
import { Compile } from "typebox/compile";
import type { Reached } from "../../cluster/cluster.ts";
import { Failure } from "../../core/failure.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { describeFirst } from "../../protocol/decode.ts";
import { TopicName } from "../../protocol/schemas.ts";
import { DisconnectAnswer, UserTopicsAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { HttpFailure, orThrow } from "../http-failure.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import { UserParameter } from "../parameters.ts";
import type { ServerSlot } from "../server-slot.ts";

const TopicsBody = Type.Object({
  topic: Type.Optional(TopicName),
  topics: Type.Optional(Type.Array(TopicName, { minItems: 1, description: "Instead of `topic`." })),
});
const validator = Compile(TopicsBody);

const notAnObject = new Failure("invalid", "body: must be a JSON object");
const eitherTopic = new Failure("invalid", "topic or topics: exactly one of them is needed");
const noWebSocket = new HttpFailure(
  new Failure("not_found", "The user has no WebSocket open: what an event stream reads is in its address."),
);

const localOnly =
  "Needs an API key of the scope admin; in open mode it answers callers of this machine only.";
const errors = ["bad_request", "forbidden", "too_large", "invalid", "unavailable"] as const;

const disconnectText = {
  summary: "Disconnect a user",
  description: `Ends all connections of the user, with close code 4403: well-behaved clients stay away. ${localOnly}`,
  tag: tags.users,
  answer: DisconnectAnswer,
  errors: ["forbidden", "invalid", "unavailable"],
} as const;

const subscribeText = {
  summary: "Subscribe a user",
  description: `Subscribes all WebSockets that the user has open: each is told with a frame \`subscribed\`. ${localOnly}`,
  tag: tags.users,
  answer: UserTopicsAnswer,
  errors: [...errors, "not_found"],
} as const;

const unsubscribeText = {
  summary: "Unsubscribe a user",
  description: `Ends subscriptions of all WebSockets that the user has open: each is told with a frame \`unsubscribed\`. ${localOnly}`,
  tag: tags.users,
  answer: UserTopicsAnswer,
  errors: [...errors, "not_found"],
} as const;

export function usersRoute(context: HttpContext, server: ServerSlot) {
  const { callers, cluster, config } = context;
  const body = bodySchema<string[]>(TopicsBody, { topics: ["news"] }, (read) =>
    readTopics(read, config.topicsPerConnectionMax),
  );
  const options = { params: UserParameter, body, parse: jsonParser(context) };
  const params = { params: UserParameter };
  return new Elysia()
    .post(
      "/users/:id/disconnect",
      async ({ params: { id }, request }) => {
        callers.requireAdministrator(request, server.get());
        const reached = orThrow(await cluster.disconnect(id, "forbidden"));
        return { user_id: id, disconnected: reached.connections, ...unansweredOf(reached) };
      },
      { params: UserParameter, detail: documented(disconnectText, params) },
    )
    .post(
      "/users/:id/subscribe",
      ({ params: { id }, request, body: topics }) => {
        callers.requireAdministrator(request, server.get());
        return answer(id, topics, cluster.subscribe(id, topics));
      },
      { ...options, detail: documented(subscribeText, params) },
    )
    .post(
      "/users/:id/unsubscribe",
      ({ params: { id }, request, body: topics }) => {
        callers.requireAdministrator(request, server.get());
        return answer(id, topics, cluster.unsubscribe(id, topics));
      },
      { ...options, detail: documented(unsubscribeText, params) },
    );
}

function readTopics({ value }: JsonBody, topicsMax: number): string[] | Failure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject;
  const { topics: list } = value as { topics?: unknown };
  if (Array.isArray(list) && list.length > topicsMax) {
    return new Failure("too_large", `topics: at most ${topicsMax} on one connection`);
  }
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  const { topic, topics } = value;
  if ((topic === undefined) === (topics === undefined)) return eitherTopic;
  return [...new Set(topics ?? [topic!])];
}

async function answer(userId: string, topics: string[], pending: MaybePromise<Reached | Failure>) {
  const reached = orThrow(await pending);
  if (reached.connections === 0) throw noWebSocket;
  return { user_id: userId, topics, connections: reached.connections, ...unansweredOf(reached) };
}

function unansweredOf({ unanswered }: Reached) {
  return unanswered.length === 0 ? {} : { unanswered_nodes: unanswered };
}
