import { expect, test } from "bun:test";
import { asyncApiDocument } from "../../../src/protocol/asyncapi.ts";
import { serverFrameTypes } from "../../../src/protocol/event-types.ts";
import { commandSchemas } from "../../../src/protocol/schemas.ts";

type Json = { [name: string]: Json };

const payloads = [
  { pattern: "orders.*", schema: { type: "object", required: ["price"] } },
  { pattern: "chat", schema: { type: "string" } },
];
const facts = {
  version: "1.2.3",
  websocketPath: "/live",
  eventsPath: "/events",
  host: "localhost:8000",
  payloads,
};
const document = JSON.parse(JSON.stringify(asyncApiDocument(facts))) as Json;

function resolve(reference: string): unknown {
  const names = reference.replace(/^#\//, "").split("/");
  return names.reduce<Json | undefined>((value, name) => value?.[name], document);
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === "$ref" ? [String(member)] : references(member),
  );
}

test("describes every client frame and every server frame", () => {
  const messages = Object.keys(document.components!.messages!);
  for (const type of Object.keys(commandSchemas)) expect(messages).toContain(`client_${type}`);
  for (const type of serverFrameTypes) expect(messages).toContain(`server_${type}`);
  expect(messages).toContain("publication");
});

test("every message belongs to a channel, and every operation to a message of its channel", () => {
  const used = new Set(references(document.channels).filter((name) => name.includes("/messages/")));
  for (const name of Object.keys(document.components!.messages!)) {
    expect(used).toContain(`#/components/messages/${name}`);
  }
});

test("no reference leads nowhere", () => {
  const all = references(document);
  expect(all.length).toBeGreaterThan(50);
  for (const reference of all)
    expect({ reference, found: resolve(reference) !== undefined }).toEqual({
      reference,
      found: true,
    });
});

test("says where this server is spoken to", () => {
  expect(document.channels!.websocket!.address as unknown).toBe("/live");
  expect(document.info!.version as unknown).toBe("1.2.3");
});

test("describes the payloads of topics that have a schema, in both channels", () => {
  const { messages } = document.components!;
  expect(messages!["publication_1_orders._"]).toMatchObject({
    title: "publication of orders.*",
    payload: {
      allOf: [
        { properties: { ts: {} } },
        {
          required: ["data"],
          properties: { topic: { pattern: "^orders\\." }, data: { type: "object", required: ["price"] } },
        },
      ],
    },
  } as never);
  expect(JSON.stringify(messages!.publication_2_chat)).toContain(
    '"topic":{"const":"chat"},"data":{"type":"string"}',
  );
  for (const channel of ["websocket", "events"]) {
    expect(Object.keys(document.channels![channel]!.messages!)).toContain("publication_2_chat");
  }
});
