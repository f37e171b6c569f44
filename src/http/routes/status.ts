import { Elysia } from "elysia";
import { StatusAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { statusOf } from "../status.ts";

export function statusRoute(context: HttpContext) {
  return new Elysia().get(
    "/status",
    ({ request }) => {
      context.callers.requireInsight(request);
      return statusOf(context);
    },
    {
      detail: documented({ summary: "Status", tag: tags.server, answer: StatusAnswer }),
    },
  );
}
