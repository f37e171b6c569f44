import { afterAll, beforeAll, expect, test } from "bun:test";
import { Value } from "typebox/value";
import { closeCodes } from "../../../src/core/close-codes.ts";
import { errorTable } from "../../../src/core/errors.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { serverFrameTypes } from "../../../src/protocol/event-types.ts";
import { commandSchemas } from "../../../src/protocol/schemas.ts";
import { PublicationFrame, serverFrameSchemas } from "../../../src/protocol/server-frames.ts";
import { startTestServer } from "../../support/server.ts";
import { blocksIn, headings, readDocument, section, tableRows } from "./support/document.ts";

const document = await readDocument("docs/protocol.md");

let server: RunningServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.stop();
});

test("every route that /docs lists has a heading, and every heading is a route", async () => {
  const response = await fetch(`${server.url}/docs/json`);
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`),
  );
  const described = headings(document).flatMap((heading) => /^### ([A-Z]+ \/.*)$/.exec(heading)?.[1] ?? []);
  // Event streams have a part of their own.
  expect(section(document, "## Server-Sent Events")).toContain("GET /events?");
  expect([...described, "GET /events"].sort()).toEqual(routes.sort());
});

test("every command and every frame of the server's is there", () => {
  const commands = section(document, "### Commands");
  const isDescribed = (type: string) => new RegExp(`\\*\\*${type}\\*\\*|\`${type}\``).test(commands);
  expect(Object.keys(commandSchemas).filter((type) => !isDescribed(type))).toEqual([]);

  const isShown = (type: string) => new RegExp(`"type": ?"${type}"`).test(document.text);
  expect(serverFrameTypes.filter((type) => !isShown(type))).toEqual([]);
});

test("the errors are those of the server, with their status", () => {
  const rows = tableRows(section(document, "### Errors")).map(([code, status]) => [code, status]);
  expect(rows).toEqual(
    Object.entries(errorTable).map(([code, { status }]) => [`\`${code}\``, String(status)]),
  );
});

test("the close codes are those of the server, and what a client does is what the server means", () => {
  const actions = {
    soon: /^Comes back soon/,
    slowly: /^Comes back after a longer delay/,
    with_new_token: /^Comes back with a new token/,
    never: /^Stays away/,
  };
  const rows = tableRows(section(document, "### Close codes"));
  const codes = Object.values(closeCodes);
  expect(rows.map(([code, why]) => [code, why])).toEqual(
    codes.map(({ code, reason }) => [String(code), reason]),
  );
  for (const [index, { reconnect }] of codes.entries()) expect(rows[index]?.[2]).toMatch(actions[reconnect]);
});

test("the examples in JSON are frames", () => {
  const examples = blocksIn(document, "json").map(({ lines }) => JSON.parse(lines.join("\n")));
  const schemas = [PublicationFrame, serverFrameSchemas.shutdown_notice];
  expect(examples).toHaveLength(schemas.length);
  for (const [index, schema] of schemas.entries()) {
    // What is local has no offset: it has an example of its own, in the text.
    const shown = Object.keys(schema.properties).filter((name) => name !== "local");
    expect(Object.keys(examples[index])).toEqual(shown);
    expect([...Value.Errors(schema, examples[index])]).toEqual([]);
  }
});
