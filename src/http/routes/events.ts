import { Elysia } from "elysia";
import { namePattern, userIdPattern } from "../../core/topic-name.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import { originalOf } from "../request-url.ts";
import type { ServerSlot } from "../server-slot.ts";

const text = {
  summary: "Stream topics",
  description:
    "`event:` is the publication's type, `data:` the publication, `id:` an opaque cursor to resume from. The first " +
    "event, `subscribed`, says where the topics stand.",
  tag: tags.events,
  contentTypes: ["text/event-stream"],
  errors: ["bad_request", "invalid", "too_large", "unavailable"],
  parameters: [
    {
      in: "query",
      name: "topic",
      description: "A topic to read; may be repeated.",
      schema: { type: "array", items: { type: "string", pattern: namePattern } },
    },
    {
      in: "query",
      name: "user_id",
      description: "The user whose own topic is read too.",
      schema: { type: "string", pattern: userIdPattern },
    },
    {
      in: "query",
      name: "since",
      description: "A cursor to resume from: an event's `id`, or `topic:epoch:offset,…`.",
      schema: { type: "string" },
    },
    {
      in: "query",
      name: "token",
      description: "A client's token, where it cannot be sent in a header.",
      schema: { type: "string" },
    },
    {
      in: "header",
      name: "Last-Event-ID",
      description: "As `since`, and wins over it; browsers send it by themselves.",
      schema: { type: "string" },
    },
  ],
} as const;

export function eventsRoute({ callers, openEventStream }: HttpContext, server: ServerSlot) {
  return (
    new Elysia()
      .get(
        "/events",
        async ({ request }) => {
          const reader = await callers.identifyReader(request, new URL(request.url).searchParams);
          return orThrow(openEventStream(originalOf(request), server.get(), reader));
        },
        { detail: documented(text) },
      )
      // Otherwise asked as a GET, whose answer never ends. It says whether a GET would be let in.
      .head(
        "/events",
        async ({ request }) => {
          await callers.identifyReader(request, new URL(request.url).searchParams);
          return new Response(null, { headers: { "content-type": "text/event-stream" } });
        },
        { detail: { hide: true } },
      )
  );
}
