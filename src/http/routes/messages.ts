import { Elysia } from "elysia";
import { Failure } from "../../core/failure.ts";
import { notificationsTopic, recentOf } from "../../session/recent.ts";
import { MessagesAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";

/** The texts of the recent notifications, oldest first. */
export async function recentMessages({ config, hub }: HttpContext): Promise<string[] | Failure> {
  const kept = await hub.broker.kept(notificationsTopic);
  if (kept instanceof Failure) return kept;
  const limits = { count: config.recentNotifications, ttlMs: config.recentTtlMs };
  return recentOf(kept, limits, Date.now()).map(({ publication }) => textOf(JSON.parse(publication.frame)));
}

export function messagesRoute(context: HttpContext) {
  return new Elysia().get(
    "/messages",
    async ({ request }) => {
      context.callers.require(request, "subscribe", notificationsTopic);
      return { recent_messages: orThrow(await recentMessages(context)) };
    },
    {
      detail: documented({
        summary: "The recent notifications",
        description: "Their texts, oldest first: what a new connection is brought up to date with.",
        tag: tags.topics,
        answer: MessagesAnswer,
        errors: ["unavailable"],
      }),
    },
  );
}

/** A notification may have data alone. */
function textOf({ message, data }: { message?: string; data?: unknown }): string {
  return message ?? JSON.stringify(data);
}
