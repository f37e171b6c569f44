import { Elysia } from "elysia";
import { presenceAnswer } from "../../protocol/presence-answer.ts";
import { PresenceAnswerSchema } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import { TopicParameter } from "../parameters.ts";

export function presenceRoute({ callers, hub, config }: HttpContext) {
  return new Elysia().get(
    "/topics/:topic/presence",
    async ({ params: { topic }, request }) => {
      callers.require(request, "presence", topic);
      return presenceAnswer(topic, orThrow(await hub.presence(topic)), config.presenceMembersMax);
    },
    {
      params: TopicParameter,
      detail: documented(
        {
          summary: "Show who reads a topic",
          tag: tags.topics,
          answer: PresenceAnswerSchema,
          errors: ["forbidden", "invalid", "unavailable"],
        },
        { params: TopicParameter },
      ),
    },
  );
}
