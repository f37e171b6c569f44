import { describe, expect, test } from "bun:test";
import {
  assemblePublication,
  encodeAck,
  encodeLocalPublication,
  encodeMembership,
  encodePong,
  encodePresence,
  encodePublication,
  encodeShutdownNotice,
  encodeStatus,
  encodeTail,
  encodeWelcome,
  topicState,
} from "../../../src/protocol/encode.ts";
import { encodeEvent, encodeRetry, heartbeatComment } from "../../../src/protocol/event-stream.ts";
import { isFreeEventType, serverFrameTypes } from "../../../src/protocol/event-types.ts";
import { presenceAnswer } from "../../../src/protocol/presence-answer.ts";
import { commandSchemas } from "../../../src/protocol/schemas.ts";

describe("frames as the wire format writes them", () => {
  test("a publication: type, topic, offset, ts first; what is absent is left out; null data stays", () => {
    const request = {
      topic: "notifications",
      event: "notification",
      sender: "alice",
      message: "text",
      store: true,
    };
    expect(encodePublication({ ...request, data: {} }, 17, 1_763_690_000_123).frame).toBe(
      '{"type":"notification","topic":"notifications","offset":17,"ts":1763690000123,"sender":"alice","message":"text","data":{}}',
    );
    expect(encodePublication({ topic: "t", event: "message", data: null, store: true }, 1, 5).frame).toBe(
      '{"type":"message","topic":"t","offset":1,"ts":5,"data":null}',
    );
    expect(encodePublication({ topic: "t", event: "typing", message: "", store: false }, 0, 5).frame).toBe(
      '{"type":"typing","topic":"t","ts":5,"message":""}',
    );
  });

  test("a publication out of its tail is the one that was encoded at once", () => {
    const request = {
      topic: "t",
      event: "m",
      message: "grün",
      data: { list: [1] },
      sender: "alice",
      key: "k",
      correlationId: "c",
      tags: { lang: "de" },
      store: true,
    };
    const tail = encodeTail(request);
    expect(assemblePublication("m", "t", 7, 5, tail)).toEqual(encodePublication(request, 7, 5));
    expect(assemblePublication("m", "t", 0, 5, tail)).toEqual(encodePublication(request, 0, 5));
    expect(encodeTail({ topic: "t", event: "m", data: null, store: true })).toBe(',"data":null}');
  });

  test("a publication of this node alone says so, and has no offset", () => {
    const request = { topic: "t", event: "m", sender: "alice", message: "hi", store: true };
    const { frame, offset } = encodeLocalPublication(request, 5);
    expect(frame).toBe('{"type":"m","topic":"t","ts":5,"local":true,"sender":"alice","message":"hi"}');
    expect(offset).toBe(0);
  });

  test("an ack: the position, none, or that it went to this node alone", () => {
    expect(encodeAck(3, "t", { epoch: "e", offset: 16 })).toBe(
      '{"type":"ack","id":3,"topic":"t","epoch":"e","offset":16}',
    );
    expect(encodeAck(3, "t", null)).toBe('{"type":"ack","id":3,"topic":"t"}');
    expect(encodeAck("a", "t", "local")).toBe('{"type":"ack","id":"a","topic":"t","local":true}');
  });

  test("line separators cannot break an event of a stream", () => {
    const { frame } = encodePublication(
      { topic: "t", event: "m", message: "a\nb\rc\u2028", store: true },
      1,
      5,
    );
    expect(encodeEvent("m", "c1.x", frame).split("\n")).toHaveLength(5);
  });

  test("welcome", () => {
    const welcome = {
      connection_id: "c",
      user_id: null,
      role: "chat",
      node: "n",
      topics: [topicState("chat", { epoch: "e", offset: 9 })],
      message: "hi",
      ping_interval: 30,
    };
    expect(JSON.parse(encodeWelcome(welcome))).toEqual({ type: "welcome", ...welcome });
    expect("recovered" in welcome.topics[0]!).toBe(false);
    expect(topicState("chat", { epoch: "e", offset: 9, recovered: false })).toEqual({
      topic: "chat",
      epoch: "e",
      offset: 9,
      recovered: false,
    });
  });

  test("presence, with a bound on the members listed", () => {
    const members = new Map([
      ["alice", 2],
      ["bob", 1],
      ["carol", 1],
    ]);
    const answer = presenceAnswer("t", { members, connections: 5 }, 2);
    expect(JSON.parse(encodePresence(5, answer))).toEqual({
      type: "presence",
      id: 5,
      topic: "t",
      members: [
        { user_id: "alice", connections: 2 },
        { user_id: "bob", connections: 1 },
      ],
      connections: 5,
    });
  });

  test("pong, status, shutdown notice, membership", () => {
    expect(encodePong(undefined, 5)).toBe('{"type":"pong","ts":5}');
    expect(encodePong("a", 5)).toBe('{"type":"pong","id":"a","ts":5}');
    expect(encodeStatus(1, {})).toBe('{"type":"status","id":1}');
    expect(JSON.parse(encodeStatus(undefined, { node: "n" }))).toEqual({ type: "status", node: "n" });
    expect(JSON.parse(encodeShutdownNotice("bye", 50, 1000))).toEqual({
      type: "shutdown_notice",
      message: "bye",
      reconnect_after_ms: 50,
      deadline: 1000,
    });
    expect(JSON.parse(encodeMembership("join", "t", "alice"))).toEqual({
      type: "join",
      topic: "t",
      user_id: "alice",
    });
  });

  test("event streams", () => {
    expect(encodeEvent("alert", "c1.a~b~1", "{}")).toBe("event: alert\nid: c1.a~b~1\ndata: {}\n\n");
    expect(encodeRetry(2000)).toBe("retry: 2000\n\n");
    expect(heartbeatComment.startsWith(":")).toBe(true);
    expect(heartbeatComment.endsWith("\n\n")).toBe(true);
  });
});

describe("event words", () => {
  test("the protocol's frame types are refused to publishers", () => {
    for (const type of [...serverFrameTypes, ...Object.keys(commandSchemas)]) {
      expect([type, isFreeEventType(type)]).toEqual([type, type === "notification"]);
    }
  });

  test("all others are free", () => {
    for (const type of ["alert", "notification", "echo", "message", "order.created", "Welcome"]) {
      expect(isFreeEventType(type)).toBe(true);
    }
  });
});
