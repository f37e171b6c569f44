import { Elysia, t } from "elysia";
import { bounds } from "../../core/bounds.ts";
import { Failure } from "../../core/failure.ts";
import { type Position, parsePosition } from "../../core/position.ts";
import { encodeHistoryFields } from "../../protocol/encode.ts";
import { HistoryAnswer } from "../answer-schemas.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { HttpFailure, orThrow } from "../http-failure.ts";
import { jsonAnswer } from "../json-answer.ts";
import { limitParameter, reverseParameter, TopicParameter } from "../parameters.ts";

const badPosition = new HttpFailure(new Failure("invalid", "since: must be a position, as <epoch>:<offset>"));

const Query = t.Object({
  since: t.Optional(
    t.String({
      description: "The first ones after this position, as `<epoch>:<offset>`; absent: the newest.",
    }),
  ),
  limit: limitParameter(
    `Publications at most; ${bounds.historyPageDefault} if absent, never more than ${bounds.historyPage}.`,
  ),
  reverse: reverseParameter,
});

export function historyRoute(context: HttpContext) {
  const { hub, config } = context;
  return new Elysia().get(
    "/topics/:topic/history",
    async ({ params: { topic }, query, request }) => {
      context.callers.require(request, "history", topic);
      const page = orThrow(
        await hub.history({
          topic,
          limit: Math.min(query.limit ?? bounds.historyPageDefault, bounds.historyPage),
          bytesMax: config.backpressureLimitBytes / 2,
          since: readSince(query.since),
          reverse: query.reverse ?? false,
        }),
      );
      return jsonAnswer(`{${encodeHistoryFields(topic, page.epoch, page.offset, page.publications)}}`);
    },
    {
      params: TopicParameter,
      query: Query,
      detail: documented(
        {
          summary: "Read a topic's history",
          description:
            "A page in ascending order: the newest ones, or the first ones after `since`. If `since` is of another " +
            "epoch than the answer, the page starts with the oldest that is kept. Of `chat` and `alerts` the newest " +
            "`CHAT_HISTORY` and `ALERT_HISTORY` are shown whatever their age, although no client can resume from as far " +
            "back.",
          tag: tags.topics,
          answer: HistoryAnswer,
          errors: ["invalid", "rate_limited", "unavailable"],
        },
        { params: TopicParameter, query: Query },
      ),
    },
  );
}

function readSince(text: string | undefined): Position | undefined {
  if (text === undefined || text === "") return undefined;
  const position = parsePosition(text);
  if (position === null) throw badPosition;
  return position;
}
