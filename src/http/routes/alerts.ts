import { Elysia, t } from "elysia";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Identity } from "../../auth/identity.ts";
import { Failure } from "../../core/failure.ts";
import type { PublishRequest } from "../../core/publication.ts";
import { checkPublication, describeFirst } from "../../protocol/decode.ts";
import { encodeLocalPublication, encodePublication } from "../../protocol/encode.ts";
import { PublicationFrame } from "../../protocol/server-frames.ts";
import { AlertsAnswer } from "../answer-schemas.ts";
import { asCaller } from "../as-caller.ts";
import { bodySchema } from "../body-schema.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { orThrow } from "../http-failure.ts";
import { jsonAnswer } from "../json-answer.ts";
import type { JsonBody } from "../json-body.ts";
import { jsonParser } from "../json-parser.ts";
import { limitParameter } from "../parameters.ts";
import { publish } from "../publishing.ts";
import { checkSize } from "../read-publication.ts";

const topic = "alerts";

const AlertBody = Type.Object(
  {
    message: Type.String({ description: "What happened." }),
    severity: Type.Optional(Type.String({ maxLength: 64, description: "How bad it is; any word." })),
  },
  { additionalProperties: true, description: "Every field but `message` goes into the alert's `data`." },
);
const validator = Compile(AlertBody);
const notAnObject = new Failure("invalid", "body: must be a JSON object");

const HistoryQuery = t.Object({
  limit: limitParameter("Alerts at most, the newest; all that are kept by default."),
});

/** The request for one alert. */
function alertRequest({ message, ...rest }: Static<typeof AlertBody>): PublishRequest {
  const data = Object.keys(rest).length === 0 ? undefined : rest;
  return { topic, event: "alert", message, data, store: true };
}

export function alertsRoutes(context: HttpContext) {
  const read = (body: JsonBody) => readAlert(body, context.config.maxFrameBytes);
  return new Elysia()
    .post("/alerts", async ({ body, request }) => createAlert(context, context.callers.of(request), body), {
      body: bodySchema<PublishRequest>(AlertBody, { message: "Disk almost full", severity: "high" }, read),
      parse: jsonParser(context),
      detail: documented({
        summary: "Raise an alert",
        description:
          "Publishes to `alerts`, to all who are connected, and answers the alert as it is stored.",
        tag: tags.publishing,
        status: 201,
        answer: PublicationFrame,
        errors: ["bad_request", "forbidden", "too_large", "invalid", "rate_limited", "unavailable"],
      }),
    })
    .get(
      "/alerts/history",
      async ({ query, request }) => {
        context.callers.require(request, "history", topic);
        const kept = orThrow(await context.hub.broker.kept(topic));
        const limit = query.limit ?? kept.length;
        const frames = limit === 0 ? [] : kept.slice(-limit).map(({ publication }) => publication.frame);
        return jsonAnswer(`{"alerts":[${frames.join(",")}]}`);
      },
      {
        query: HistoryQuery,
        detail: documented(
          {
            summary: "The last alerts",
            description: "Oldest first; as many as `ALERT_HISTORY` says are kept, whatever their age.",
            tag: tags.topics,
            answer: AlertsAnswer,
            errors: ["invalid", "unavailable"],
          },
          { query: HistoryQuery },
        ),
      },
    );
}

function readAlert({ value, bytes }: JsonBody, maxFrameBytes: number): PublishRequest | Failure {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return notAnObject;
  if (!validator.Check(value)) return describeFirst(validator.Errors(value));
  const request = alertRequest(value);
  return checkPublication(request) ?? checkSize(request, bytes, { maxFrameBytes }) ?? request;
}

async function createAlert(context: HttpContext, caller: Identity, given: PublishRequest): Promise<Response> {
  const request = asCaller(caller, given);
  const outcome = orThrow(await publish(context, caller, request));
  const alert =
    outcome === "local"
      ? encodeLocalPublication(request, Date.now())
      : encodePublication(request, outcome!.offset, outcome!.ts);
  return jsonAnswer(alert.frame, 201);
}
