import { Elysia, t } from "elysia";
import type { Identity } from "../../auth/identity.ts";
import type { TopicSummary } from "../../broker/port.ts";
import { Failure } from "../../core/failure.ts";
import { TopicAnswer, TopicsAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { HttpFailure, orThrow } from "../http-failure.ts";
import { limitParameter, prefixParameter, TopicParameter } from "../parameters.ts";

const topicsMax = 10_000;
const topicsDefault = 1000;

export const unknownTopic = new HttpFailure(new Failure("not_found", "There is no such topic."));

const Query = t.Object({
  prefix: prefixParameter,
  limit: limitParameter(`Topics at most; ${topicsDefault} if absent, never more than ${topicsMax}.`),
});

export function topicsRoutes(context: HttpContext) {
  const { broker } = context.hub;
  return new Elysia()
    .get(
      "/topics",
      async ({ query: { prefix = "", limit = topicsDefault }, request }) => {
        const caller = context.callers.of(request);
        const all = orThrow(await broker.topics(prefix, Math.min(limit, topicsMax)));
        const topics = all.filter(({ topic }) => context.access(caller, "subscribe", topic) === null);
        return { topics: topics.map((topic) => described(context, caller, topic)) };
      },
      {
        query: Query,
        detail: documented(
          {
            summary: "List topics",
            description: "In no particular order.",
            tag: tags.topics,
            answer: TopicsAnswer,
            errors: ["invalid", "unavailable"],
          },
          { query: Query },
        ),
      },
    )
    .get(
      "/topics/:topic",
      async ({ params, request }) => {
        const caller = context.callers.require(request, "subscribe", params.topic);
        const topic = orThrow(await broker.describe(params.topic));
        if (topic === null) throw unknownTopic;
        return described(context, caller, topic);
      },
      {
        params: TopicParameter,
        detail: documented(
          {
            summary: "Describe a topic",
            tag: tags.topics,
            answer: TopicAnswer,
            errors: ["not_found", "invalid", "unavailable"],
          },
          { params: TopicParameter },
        ),
      },
    );
}

/** How many read it is for those who may see who does. */
function described(context: HttpContext, caller: Identity, { topic, epoch, offset }: TopicSummary) {
  if (context.access(caller, "presence", topic) !== null) return { topic, epoch, offset };
  const subscribers = context.hub.subscribersOf(topic);
  const websocket = context.countWebSocketSubscribers(topic);
  const byTransport = { websocket, sse: subscribers - websocket };
  return { topic, epoch, offset, subscribers, subscribers_by_transport: byTransport };
}
