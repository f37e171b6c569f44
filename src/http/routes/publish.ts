import { Elysia } from "elysia";
import type { Identity } from "../../auth/identity.ts";
import type { PublishResult } from "../../broker/port.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { encodeAcceptedFields } from "../../protocol/encode.ts";
import { PublishBody } from "../../protocol/schemas.ts";
import { PublishAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import { jsonAnswer } from "../json-answer.ts";
import { jsonParser } from "../json-parser.ts";
import { answerResults, publish, publishAll } from "../publishing.ts";
import { type PublishOrder, readPublishOrder } from "../read-publication.ts";

const text = {
  summary: "Publish",
  description:
    "`message`, `data` or both are needed. With `topic` the answer is its position; with `topics` it is a list of " +
    "results, and status 503 if all failed. A publish that was answered `unavailable` may have happened: " +
    "repeat it with the same `key`.",
  tag: tags.publishing,
  answer: PublishAnswer,
  errors: ["bad_request", "forbidden", "too_large", "invalid", "rate_limited", "unavailable"],
} as const;

const example = { topic: "news", message: "Hello", data: { color: "green" } };

export function publishRoute(context: HttpContext) {
  const body = bodySchema<PublishOrder>(PublishBody, example, ({ value, bytes }) =>
    readPublishOrder(value, bytes, context.config),
  );
  return new Elysia().post(
    "/publish",
    ({ body, request }) => answer(context, context.callers.of(request), body),
    {
      body,
      parse: jsonParser(context),
      detail: documented(text),
    },
  );
}

/** In place where the broker answers in place: nothing is waited for that is there already. */
function answer(
  context: HttpContext,
  caller: Identity,
  { requests, many }: PublishOrder,
): MaybePromise<Response> {
  if (many) return publishAll(context, caller, requests).then((results) => answerResults(context, results));
  const request = requests[0]!;
  const outcome = publish(context, caller, request);
  if (outcome instanceof Promise) return outcome.then((settled) => answerOne(request.topic, settled));
  return answerOne(request.topic, outcome);
}

function answerOne(topic: string, outcome: PublishResult): Response {
  return jsonAnswer(`{${encodeAcceptedFields(topic, orThrow(outcome))}}`);
}
