import { describe, expect, test } from "bun:test";
import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import {
  encodeAck,
  encodeError,
  encodeHistory,
  encodeHistoryFields,
  encodeLocalPublication,
  encodeMembership,
  encodePong,
  encodePresence,
  encodePublication,
  encodeShutdownNotice,
  encodeStatus,
  encodeSubscribed,
  encodeUnsubscribed,
  encodeWelcome,
} from "../../../src/protocol/encode.ts";
import { serverFrameTypes } from "../../../src/protocol/event-types.ts";
import { PublicationFrame, serverFrameSchemas } from "../../../src/protocol/server-frames.ts";

const validators = Object.fromEntries(
  Object.entries(serverFrameSchemas).map(([type, schema]) => [type, Compile(schema as TSchema)]),
);
const publicationValidator = Compile(PublicationFrame);

test("every frame type of the server has a schema, and no other has", () => {
  expect(Object.keys(serverFrameSchemas).sort()).toEqual([...serverFrameTypes].sort());
});

test("every schema is of frames that bear its type", () => {
  for (const [type, schema] of Object.entries(serverFrameSchemas)) {
    expect(schema.properties.type.const).toBe(type as never);
  }
});

describe("what the encoder writes fits its schema", () => {
  const state = { topic: "chat", epoch: "epoch-1", offset: 9 };
  const publication = encodePublication(
    {
      topic: "chat",
      event: "note",
      message: 'with "quotes"',
      data: { list: [1, null] },
      sender: "alice",
      key: "k",
      correlationId: "c",
      tags: { color: "red" },
      store: true,
    },
    3,
    1_763_690_000_123,
  );
  const frames: [string, string][] = [
    [
      "welcome",
      encodeWelcome({
        connection_id: "abc",
        user_id: null,
        role: "chat",
        node: "node-1",
        topics: [state, { ...state, recovered: false }],
        message: "Welcome",
        ping_interval: 30,
      }),
    ],
    ["subscribed", encodeSubscribed(1, state)],
    ["subscribed", encodeSubscribed(undefined, { ...state, recovered: false })],
    ["unsubscribed", encodeUnsubscribed("two", "chat")],
    ["unsubscribed", encodeUnsubscribed(undefined, "chat", "forbidden")],
    ["ack", encodeAck(3, "chat", { epoch: "epoch-1", offset: 10 })],
    ["ack", encodeAck(3, "chat", null)],
    ["ack", encodeAck(3, "chat", "local")],
    ["history", encodeHistory(4, encodeHistoryFields("chat", "epoch-1", 9, [publication]))],
    [
      "presence",
      encodePresence(5, { topic: "chat", members: [{ user_id: "alice", connections: 2 }], connections: 3 }),
    ],
    ["pong", encodePong(undefined, 1_763_690_000_123)],
    ["status", encodeStatus(6, { node: "node-1", version: "1.0.0", more: {} })],
    ["error", encodeError(7, "invalid", "topic: is needed", "chat")],
    ["join", encodeMembership("join", "chat", "alice")],
    ["leave", encodeMembership("leave", "chat", "alice")],
    ["shutdown_notice", encodeShutdownNotice("Shutting down", 2000, 1_763_690_000_123)],
  ];
  for (const [type, text] of frames) {
    test(`${type}: ${text.slice(0, 60)}`, () => {
      expect(validators[type]!.Errors(JSON.parse(text))).toEqual([]);
    });
  }

  test("publications, with and without a position", () => {
    const bare = encodePublication({ topic: "chat", event: "note", message: "", store: false }, 0, 1);
    const local = encodeLocalPublication({ topic: "chat", event: "note", message: "", store: true }, 1);
    for (const { frame } of [publication, bare, local]) {
      expect(publicationValidator.Errors(JSON.parse(frame))).toEqual([]);
    }
  });
});
