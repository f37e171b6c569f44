import { Elysia } from "elysia";
import { asyncApiDocument } from "../../protocol/asyncapi.ts";
import type { TopicPayload } from "../../protocol/topic-payload.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { jsonAnswer } from "../json-answer.ts";

export function asyncApiRoute(context: HttpContext) {
  let text = "";
  let described: readonly TopicPayload[] | null = null;
  const answer = () => {
    const payloads = context.payloads();
    if (payloads !== described) {
      described = payloads;
      text = JSON.stringify(describe(context, payloads));
    }
    return jsonAnswer(text);
  };
  return new Elysia().get("/asyncapi.json", answer, {
    detail: documented({
      summary: "AsyncAPI document",
      description: "What is spoken over WebSocket and Server-Sent Events, in AsyncAPI 3.0.",
      tag: tags.server,
    }),
  });
}

function describe({ config, version }: HttpContext, payloads: readonly TopicPayload[]): object {
  return asyncApiDocument({
    version,
    websocketPath: config.wsPath,
    eventsPath: "/events",
    host: `localhost:${config.port}`,
    payloads,
  });
}
