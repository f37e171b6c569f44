import type { HttpContext } from "./context.ts";
import { Deadlines } from "./deadlines.ts";
import { type JsonBody, readJsonBody } from "./json-body.ts";

/** A route's `parse`: its own reader, then Elysia's name for what it reads, which the documentation shows. */
export type JsonParser = [(context: { request: Request }) => Promise<JsonBody>, "json"];

/** Reads bodies as JSON, within their bounds. */
export function jsonParser({ config, counters }: Pick<HttpContext, "config" | "counters">): JsonParser {
  const { maxBodyBytes: bytesMax, bodyTimeoutMs } = config;
  const reading = { bytesMax, deadlines: new Deadlines(bodyTimeoutMs), counters };
  return [({ request }) => readJsonBody(request, reading), "json"];
}
