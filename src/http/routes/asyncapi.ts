import { Elysia } from "elysia";
import { asyncApiDocument } from "../../protocol/asyncapi.ts";
import type { HttpContext } from "../context.ts";
import { documented, tags } from "../documentation.ts";
import { jsonAnswer } from "../json-answer.ts";

export function asyncApiRoute({ config, version }: HttpContext) {
  const document = JSON.stringify(
    asyncApiDocument({
      version,
      websocketPath: config.wsPath,
      eventsPath: "/events",
      host: `localhost:${config.port}`,
      payloads: [],
    }),
  );
  return new Elysia().get("/asyncapi.json", () => jsonAnswer(document), {
    detail: documented({
      summary: "AsyncAPI document",
      description: "What is spoken over WebSocket and Server-Sent Events, in AsyncAPI 3.0.",
      tag: tags.server,
    }),
  });
}
