import { describe, expect, test } from "bun:test";
import { decodeText, type Inbound } from "../../../src/protocol/decode.ts";

function decode(frame: unknown): Inbound {
  return decodeText(typeof frame === "string" ? frame : JSON.stringify(frame));
}

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

const seventeenTags = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`t${index}`, "v"]));

describe("good frames", () => {
  test.each([
    ["subscribe", { type: "subscribe", id: 1, topic: "t" }],
    ["subscribe since", { type: "subscribe", id: "a", topic: "t", since: { epoch: "e", offset: 0 } }],
    ["subscribe to many", { type: "subscribe", topics: ["a", "b"] }],
    ["unsubscribe", { type: "unsubscribe", topic: "t" }],
    ["publish a message", { type: "publish", topic: "t", message: "" }],
    ["publish null", { type: "publish", topic: "t", data: null }],
    [
      "publish with everything",
      {
        type: "publish",
        id: 3,
        topic: "t",
        message: "hi",
        data: { a: [1] },
        event: "alert",
        key: "k",
        correlation_id: "c",
        tags: { colour: "red" },
        store: false,
      },
    ],
    ["history", { type: "history", id: 4, topic: "t", limit: 50, since: { epoch: "e", offset: 3 } }],
    ["presence", { type: "presence", topic: "t" }],
    ["response", { type: "response", correlation_id: "c", data: {}, final: true }],
    ["authenticate", { type: "authenticate", token: "x" }],
    ["refresh", { type: "refresh", token: "x" }],
    ["ping", { type: "ping" }],
    ["status_request", { type: "status_request" }],
    ["notification", { type: "notification", message: "Hello!" }],
    ["data at its deepest", { type: "publish", topic: "t", data: nested(128) }],
    ["the longest id", { type: "ping", id: "x".repeat(64) }],
    ["the largest id", { type: "ping", id: Number.MAX_SAFE_INTEGER }],
    ["the smallest id", { type: "ping", id: Number.MIN_SAFE_INTEGER }],
    ["free event words", { type: "publish", topic: "t", message: "x", event: "notification" }],
    ["unknown fields", { type: "ping", from: "the future" }],
  ])("%s", (_, frame) => {
    expect(decode(frame)).toEqual({ kind: "command", command: frame } as unknown as Inbound);
  });

  test.each([
    ["a word", "hello", { message: "hello" }],
    ["a number", "42", { message: "42" }],
    ["a JSON string", '"x"', { message: '"x"' }],
    ["a JSON list", '[{"type":"publish"}]', { message: '[{"type":"publish"}]' }],
    ["nothing", "", { message: "" }],
    ["blanks", " \t\r\n", { message: " \t\r\n" }],
    ["a brace later on", "a{", { message: "a{" }],
    ["an object without type", '{"message":"hi","data":[1]}', { message: "hi", data: [1] }],
    ["an object with an id", '{"id":7,"message":"hi"}', { id: 7, message: "hi" }],
    ["an object behind blanks", ' \t\r\n{"data":null}', { data: null }],
  ])("chat: %s", (_, text, chat) => {
    expect(decode(text)).toEqual({ kind: "chat", chat });
  });
});

describe("bad frames", () => {
  const idRule = "id: must be an integer, or a string of at most 64 characters";
  const nameRule = "must be 1 to 255 characters of A-Z a-z 0-9 _ . : @ | ~ = -";
  test.each([
    ["broken JSON", '{"type":', "bad_request", "The frame starts with { but is not valid JSON."],
    ["JSON and more", "{} {}", "bad_request", "The frame starts with { but is not valid JSON."],
    ["broken JSON behind blanks", " {", "bad_request", "The frame starts with { but is not valid JSON."],
    ["an unknown type", { type: "nope" }, "bad_request", 'type: unknown frame type "nope"'],
    ["an inherited name", { type: "toString" }, "bad_request", 'type: unknown frame type "toString"'],
    ["a type that is no word", { type: 'a"\n' }, "bad_request", "type: unknown frame type"],
    ["a type that is no string", { type: 5 }, "bad_request", "type: unknown frame type"],
    ["a null type", { type: null }, "bad_request", "type: unknown frame type"],
    ["an empty object", {}, "invalid", "message or data: at least one is needed"],
    ["a message that is no string", { message: 5 }, "invalid", "message: must be string"],
    ["no topic", { type: "subscribe" }, "invalid", "topic: is needed"],
    ["no topic to leave", { type: "unsubscribe" }, "invalid", "topic: is needed"],
    [
      "topic and topics",
      { type: "subscribe", topic: "a", topics: ["b"] },
      "invalid",
      "topic or topics: exactly one of them is needed",
    ],
    ["no topics", { type: "subscribe", topics: [] }, "invalid", "topics: must not have fewer than 1 items"],
    [
      "since for many",
      { type: "subscribe", topics: ["a"], since: { epoch: "e", offset: 1 } },
      "invalid",
      "since: belongs to one topic; subscribe to each with its own",
    ],
    ["a bad topic", { type: "subscribe", topic: "a b" }, "invalid", `topic: ${nameRule}`],
    ["a long topic", { type: "presence", topic: "x".repeat(256) }, "invalid", `topic: ${nameRule}`],
    ["a bad topic among many", { type: "subscribe", topics: ["a", ""] }, "invalid", `topics.1: ${nameRule}`],
    ["a topic that is no string", { type: "history", topic: 5 }, "invalid", "topic: must be string"],
    [
      "a position that is none",
      { type: "subscribe", topic: "t", since: "e:1" },
      "invalid",
      "since: must be object",
    ],
    [
      "half a position",
      { type: "subscribe", topic: "t", since: { epoch: "e" } },
      "invalid",
      "since.offset: is needed",
    ],
    [
      "a bad epoch",
      { type: "history", topic: "t", since: { epoch: "e e", offset: 1 } },
      "invalid",
      "since.epoch: must be 1 to 32 characters of A-Z a-z 0-9 _ -",
    ],
    [
      "a negative offset",
      { type: "subscribe", topic: "t", since: { epoch: "e", offset: -1 } },
      "invalid",
      "since.offset: must be >= 0",
    ],
    [
      "half an offset",
      { type: "subscribe", topic: "t", since: { epoch: "e", offset: 0.5 } },
      "invalid",
      "since.offset: must be integer",
    ],
    [
      "a huge offset",
      '{"type":"subscribe","topic":"t","since":{"epoch":"e","offset":1e300}}',
      "invalid",
      "since.offset: must be",
    ],
    ["a fractional id", { type: "ping", id: 1.5 }, "invalid", idRule],
    ["a null id", { type: "ping", id: null }, "invalid", idRule],
    ["a long id", { type: "ping", id: "x".repeat(65) }, "invalid", idRule],
    ["a huge id", '{"type":"ping","id":9007199254740993}', "invalid", idRule],
    ["no content", { type: "publish", topic: "t" }, "invalid", "message or data: at least one is needed"],
    [
      "no content to notify of",
      { type: "notification" },
      "invalid",
      "message or data: at least one is needed",
    ],
    [
      "a bad event",
      { type: "publish", topic: "t", message: "x", event: "a b" },
      "invalid",
      "event: must be 1 to 64 characters of A-Z a-z 0-9 _ . : -",
    ],
    [
      "a reserved event",
      { type: "publish", topic: "t", message: "x", event: "subscribed" },
      "invalid",
      "event: this word is a frame type of the protocol, choose another",
    ],
    [
      "a command as event",
      { type: "publish", topic: "t", message: "x", event: "subscribe" },
      "invalid",
      "event: this word is a frame type of the protocol, choose another",
    ],
    [
      "an empty key",
      { type: "publish", topic: "t", message: "x", key: "" },
      "invalid",
      "key: must not have fewer than 1 characters",
    ],
    [
      "a long key",
      { type: "publish", topic: "t", message: "x", key: "k".repeat(129) },
      "invalid",
      "key: must not have more than 128 characters",
    ],
    [
      "store that is no boolean",
      { type: "publish", topic: "t", message: "x", store: 0 },
      "invalid",
      "store: must be boolean",
    ],
    [
      "a tag that is no string",
      { type: "publish", topic: "t", message: "x", tags: { "a/b~c": 5 } },
      "invalid",
      "tags.a/b~c: must be string",
    ],
    [
      "a long tag name",
      { type: "publish", topic: "t", message: "x", tags: { ["x".repeat(65)]: "" } },
      "invalid",
      "tags: each name must be 1 to 64 characters",
    ],
    [
      "an empty tag name",
      { type: "publish", topic: "t", message: "x", tags: { "": "" } },
      "invalid",
      "tags: each name must be 1 to 64 characters",
    ],
    [
      "a long tag value",
      { type: "publish", topic: "t", message: "x", tags: { a: "x".repeat(257) } },
      "invalid",
      "tags.a: must not have more than 256 characters",
    ],
    [
      "many tags",
      { type: "publish", topic: "t", message: "x", tags: seventeenTags },
      "invalid",
      "tags: must not have more than 16 properties",
    ],
    [
      "data too deep",
      { type: "publish", topic: "t", data: nested(129) },
      "invalid",
      "data: nested deeper than 128 levels",
    ],
    ["chat too deep", { data: nested(129) }, "invalid", "data: nested deeper than 128 levels"],
    [
      "an answer too deep",
      { type: "response", correlation_id: "c", data: nested(129) },
      "invalid",
      "data: nested deeper than 128 levels",
    ],
    ["a negative limit", { type: "history", topic: "t", limit: -1 }, "invalid", "limit: must be >= 0"],
    ["a limit as text", { type: "history", topic: "t", limit: "5" }, "invalid", "limit: must be integer"],
    ["no correlation", { type: "response" }, "invalid", "correlation_id: is needed"],
    ["no token", { type: "authenticate" }, "invalid", "token: is needed"],
  ])("%s: the code, the field and the reason", (_, frame, code, message) => {
    const inbound = decode(frame);
    if (inbound.kind !== "bad") throw new Error(`it was taken as ${inbound.kind}`);
    expect(inbound.failure.code as string).toBe(code);
    expect(inbound.failure.message.slice(0, message.length)).toBe(message);
    expect(inbound.failure.message).not.toContain("pattern");
    expect(inbound.failure.message).not.toContain("schema");
  });

  test("the id is echoed where it can be, and only there", () => {
    const idOf = (frame: unknown) => {
      const inbound = decode(frame);
      return inbound.kind === "bad" ? inbound.id : "not bad";
    };
    expect(idOf({ type: "nope", id: 5 })).toBe(5);
    expect(idOf({ type: "publish", id: "a" })).toBe("a");
    expect(idOf({ id: 0 })).toBe(0);
    expect(idOf({ type: "ping", id: {} })).toBeUndefined();
    expect(idOf({ type: "ping", id: "x".repeat(65) })).toBeUndefined();
    expect(idOf({ type: "ping", id: 1.5 })).toBeUndefined();
    expect(idOf("{broken")).toBeUndefined();
  });

  test("values are not echoed, and messages are short", () => {
    const secret = "s3cret".repeat(100);
    for (const frame of [
      { type: secret },
      { type: "publish", topic: secret },
      { type: "publish", topic: "t", message: "x", key: secret },
      { type: "authenticate", token: [secret] },
      { type: "publish", topic: "t", message: "x", tags: { [secret]: "" } },
    ]) {
      const inbound = decode(frame);
      if (inbound.kind !== "bad") throw new Error("it was taken");
      expect(inbound.failure.message).not.toContain("s3cret");
      expect(inbound.failure.message.length).toBeLessThan(250);
    }
  });

  test("a long list costs no more than its parsing, give or take", () => {
    const frame = `{"type":"publish","topic":"t","data":[${new Array(30_000).fill(1).join(",")}]}`;
    const timeOf = (run: () => unknown) => {
      const times = Array.from({ length: 15 }, () => {
        const from = performance.now();
        run();
        return performance.now() - from;
      });
      return Math.min(...times);
    };
    expect(timeOf(() => decodeText(frame))).toBeLessThan(6 * timeOf(() => JSON.parse(frame)));
  });

  test("a list as deep as a frame can hold does not exhaust the stack", () => {
    const depth = 30_000;
    const inbound = decode(`{"type":"publish","topic":"t","data":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    expect(inbound.kind).toBe("bad");
  });
});

test("ten thousand tags are refused in little more time than it takes to parse them", () => {
  const tags = Array.from({ length: 10_000 }, (_, index) => `"a${index}":"x"`);
  const text = `{"type":"publish","topic":"t","message":"x","tags":{${tags}}}`;
  const fastest = (run: () => void) =>
    Math.min(
      ...Array.from({ length: 15 }, () => {
        const startedMs = performance.now();
        run();
        return performance.now() - startedMs;
      }),
    );
  const parsingMs = fastest(() => JSON.parse(text));
  // Left to the schema, it takes ten times as long.
  expect(fastest(() => decodeText(text))).toBeLessThan(parsingMs * 4);
});
