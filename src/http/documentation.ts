import type { TSchema } from "typebox";
import { type ErrorCode, errorTable } from "../core/errors.ts";

/** How the routes are grouped in `/docs`. */
export const tags = {
  publishing: "Publishing",
  topics: "Topics",
  users: "Users",
  events: "Events",
  server: "Server",
} as const;

export const tagDescriptions: Record<(typeof tags)[keyof typeof tags], string> = {
  Publishing: "Publications in, to any topic, one or many at a time.",
  Topics: "What topics there are, who reads them, and what was published.",
  Users: "What an operator does with users' connections.",
  Events: "Publications out, as Server-Sent Events. WebSockets are described by `/asyncapi.json`.",
  Server: "How the server is.",
};

export interface RouteText {
  readonly summary: string;
  readonly description?: string;
  readonly tag: (typeof tags)[keyof typeof tags];
  /** What 200 answers, as JSON. */
  readonly answer?: TSchema;
  /** What 200 answers otherwise. */
  readonly contentTypes?: readonly string[];
  readonly errors?: readonly ErrorCode[];
  /** Answers that are neither 200 nor an error of the table's. */
  readonly others?: Readonly<Record<number, string>>;
  readonly parameters?: readonly object[];
}

/** A route's `detail`, from which the page at `/docs` is made. */
export function documented(text: RouteText): object {
  const { summary, description, tag, parameters } = text;
  return {
    summary,
    tags: [tag],
    responses: responses(text),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

function responses({ answer, contentTypes, errors = [], others = {} }: RouteText): object {
  const content = contentTypes ?? ["application/json"];
  const ok = {
    description: "Done.",
    content: Object.fromEntries(content.map((type) => [type, { schema: answer ?? {} }])),
  };
  const failures = Object.groupBy(errors, (code) => String(errorTable[code].status));
  return {
    200: ok,
    ...Object.fromEntries(Object.entries(others).map(([status, description]) => [status, { description }])),
    ...Object.fromEntries(
      Object.entries(failures).map(([status, codes]) => [status, failureOf(codes ?? [])]),
    ),
  };
}

function failureOf(codes: readonly ErrorCode[]): object {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorTable[code].meaning}`).join(" "),
    content: { "application/json": { schema: errorSchema(codes) } },
  };
}

function errorSchema(codes: readonly ErrorCode[]): object {
  const properties = { code: { type: "string", enum: codes }, message: { type: "string" } };
  return {
    type: "object",
    required: ["error"],
    properties: { error: { type: "object", required: ["code", "message"], properties } },
  };
}
