import { Elysia } from "elysia";
import Type from "typebox";
import { Failure } from "../../core/failure.ts";
import type { PublishRequest } from "../../core/publication.ts";
import { isTopicName } from "../../core/topic-name.ts";
import { BatchAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import { answerResults, publishAll } from "../publishing.ts";
import { BatchItem, type PublicationLimits, readBatchItem } from "../read-publication.ts";

/** A publication of the batch, or why it is none. */
type Item = PublishRequest | { readonly topic: string | undefined; readonly failure: Failure };

const text = {
  summary: "Publish a batch",
  description:
    "Each publication has its own result; one that fails stops none of the others. The status is 503 if " +
    "all failed.",
  tag: tags.publishing,
  answer: BatchAnswer,
  errors: ["bad_request", "forbidden", "too_large", "invalid", "rate_limited", "unavailable"],
} as const;

const Batch = Type.Array(BatchItem, { minItems: 1 });
const BatchBody = Type.Union([Type.Object({ publications: Batch }), Batch]);

const notABatch = new Failure("invalid", "body: must be a JSON array, or an object with `publications`");
const notAnArray = new Failure("invalid", "publications: must be an array");
const empty = new Failure("invalid", "publications: at least one is needed");

const example = {
  publications: [
    { topic: "news", message: "Hello" },
    { topic: "weather", event: "forecast", data: { celsius: 21 } },
  ],
};

export function publishBatchRoute(context: HttpContext) {
  const body = bodySchema<Item[]>(BatchBody, example, (received) => readBatch(received, context.config));
  return new Elysia().post(
    "/publish/batch",
    async ({ body, request }) =>
      answerResults(context, await publishAll(context, context.callers.of(request), body)),
    { body, parse: jsonParser(context), detail: documented(text) },
  );
}

function readBatch({ value, bytes }: JsonBody, limits: PublicationLimits): Item[] | Failure {
  const list = listOf(value);
  if (list instanceof Failure) return list;
  if (list.length === 0) return empty;
  if (list.length > limits.batchMax) {
    return new Failure("too_large", `publications: at most ${limits.batchMax} in one batch`);
  }
  return list.map((item) => {
    const request = readBatchItem(item, bytes, limits);
    return request instanceof Failure ? { topic: readableTopic(item), failure: request } : request;
  });
}

function listOf(value: unknown): unknown[] | Failure {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null || !("publications" in value)) return notABatch;
  return Array.isArray(value.publications) ? value.publications : notAnArray;
}

/** A topic that can be named in the result although the rest is wrong. */
function readableTopic(item: unknown): string | undefined {
  const topic = (item as { topic?: unknown } | null)?.topic;
  return typeof topic === "string" && isTopicName(topic) ? topic : undefined;
}
