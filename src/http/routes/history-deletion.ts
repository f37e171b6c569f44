import { Elysia } from "elysia";
import { HistoryDeletedAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import { TopicParameter } from "../parameters.ts";
import type { ServerSlot } from "../server-slot.ts";
import { unknownTopic } from "./topics.ts";

export function historyDeletionRoute(context: HttpContext, server: ServerSlot) {
  const { hub } = context;
  return new Elysia().delete(
    "/topics/:topic/history",
    async ({ params: { topic }, request }) => {
      context.callers.requireAdministrator(request, server.get());
      if (!orThrow(await hub.broker.clearHistory(topic))) throw unknownTopic;
      const now = orThrow(await hub.broker.describe(topic));
      return { topic, epoch: now?.epoch ?? null };
    },
    {
      params: TopicParameter,
      detail: documented(
        {
          summary: "Delete a topic's history",
          description: "The topic goes on in a new epoch. Answers callers of this machine only.",
          tag: tags.topics,
          answer: HistoryDeletedAnswer,
          errors: ["forbidden", "not_found", "invalid", "unavailable"],
        },
        { params: TopicParameter },
      ),
    },
  );
}
