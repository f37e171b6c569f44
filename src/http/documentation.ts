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
  /** The status where nothing failed; 200 if absent. */
  readonly status?: 200 | 201;
  /** What is then answered, as JSON. */
  readonly answer?: TSchema;
  /** Its types where it is not JSON. */
  readonly contentTypes?: readonly string[];
  readonly errors?: readonly ErrorCode[];
  /** Other answers that are no error of the table's. */
  readonly others?: Readonly<Record<number, string>>;
  /** Parameters that no schema of the route checks. */
  readonly parameters?: readonly object[];
}

/** The schemas of a route's parameters. Left to Elysia, numbers would be shown as numbers or text. */
export interface RouteParameters {
  readonly params?: ParameterSchema;
  readonly query?: ParameterSchema;
}

interface PropertySchema {
  readonly type?: string;
  readonly description?: string;
  readonly anyOf?: readonly PropertySchema[];
  readonly error?: unknown;
}

interface ParameterSchema {
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[] | undefined;
}

/** A route's `detail`, from which the page at `/docs` is made. */
export function documented(text: RouteText, { params, query }: RouteParameters = {}): object {
  const { summary, description, tag, parameters = [] } = text;
  return {
    summary,
    tags: [tag],
    responses: responses(text),
    parameters: [...parametersOf("path", params), ...parametersOf("query", query), ...parameters],
    ...(description === undefined ? {} : { description }),
  };
}

function parametersOf(place: "path" | "query", schema: ParameterSchema | undefined): object[] {
  if (schema === undefined) return [];
  return Object.entries(schema.properties).map(([name, property]) => {
    const { description, ...rest } = plainSchema(property);
    return { in: place, name, required: schema.required?.includes(name) ?? false, description, schema: rest };
  });
}

/** JSON schema alone: of a number that may come as text, the number, and without `error`. */
function plainSchema(property: PropertySchema): Omit<PropertySchema, "anyOf" | "error"> {
  const { anyOf, error: _, ...plain } = property;
  const number = anyOf?.find(({ type }) => type !== "string");
  return number === undefined ? plain : plainSchema(number);
}

function responses({ status = 200, answer, contentTypes, errors = [], others = {} }: RouteText): object {
  const content = contentTypes ?? ["application/json"];
  const ok = {
    description: "Done.",
    content: Object.fromEntries(content.map((type) => [type, { schema: answer ?? {} }])),
  };
  const failures = Object.groupBy(errors, (code) => String(errorTable[code].status));
  return {
    [status]: ok,
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
