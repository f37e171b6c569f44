import { Elysia, t } from "elysia";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { Failure } from "../../core/failure.ts";
import type { PublishRequest } from "../../core/publication.ts";
import { checkPublication, describeFirst } from "../../protocol/decode.ts";
import { isFreeEventType } from "../../protocol/event-types.ts";
import { PublishBody } from "../../protocol/schemas.ts";
import { NotifyAnswer } from "../answer-schemas.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import { publish } from "../publishing.ts";
import { checkSize } from "../read-publication.ts";

const topic = "notifications";
const defaultType = "notification";

const { event, message, data } = PublishBody.properties;
const NotifyBody = Type.Object({ type: event, message, data });
const validator = Compile(NotifyBody);

/** What the body says, and its size. */
interface Notification extends Type.Static<typeof NotifyBody> {
  readonly bytes: number;
}

const notAnObject = new Failure("invalid", "body: must be a JSON object");
const reservedType = new Failure(
  "invalid",
  "type: this word is a frame type of the protocol, choose another",
);

const Query = t.Object({
  message: t.Optional(t.String({ description: "The text, where there is no body." })),
});

const text = {
  summary: "Notify",
  description:
    "Publishes to `notifications`. Takes `?message=` alone, or a JSON body, which wins over the query.",
  tag: tags.publishing,
  answer: NotifyAnswer,
  errors: ["bad_request", "forbidden", "too_large", "invalid", "rate_limited", "unavailable"],
} as const;

export function notifyRoute(context: HttpContext) {
  return new Elysia().post(
    "/notify",
    async ({ body, query, request: asked }) => {
      const request = orThrow(toRequest(body, query.message));
      orThrow(checkSize(request, body.bytes + Buffer.byteLength(query.message ?? ""), context.config));
      orThrow(await publish(context, context.callers.of(asked), request));
      const clients = await context.cluster.countNotificationReaders();
      return { status: "success", message: `Notification sent to ${clients} clients` };
    },
    {
      query: Query,
      body: bodySchema<Notification>(NotifyBody, { message: "Hello" }, readBody),
      parse: jsonParser(context),
      detail: documented(text, { query: Query }),
    },
  );
}

function readBody({ value, bytes }: JsonBody): Notification | Failure {
  if (value === undefined) return { bytes };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject;
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  if (value.type !== undefined && !isFreeEventType(value.type)) return reservedType;
  return { ...value, bytes };
}

function toRequest(body: Notification, messageOfQuery: string | undefined): PublishRequest | Failure {
  const request = {
    topic,
    event: body.type ?? defaultType,
    message: body.message ?? messageOfQuery,
    data: body.data,
    store: true,
  };
  return checkPublication(request) ?? request;
}
