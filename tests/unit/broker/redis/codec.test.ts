import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeKept,
  decodeLine,
  decodeMessage,
  encodeLine,
  encodeMember,
  encodeUnstored,
} from "../../../../src/broker/redis/codec.ts";
import type { PublishRequest } from "../../../../src/core/publication.ts";
import { encodePublication } from "../../../../src/protocol/encode.ts";

const text = fc.string({ unit: "binary", maxLength: 40 });

const requests: fc.Arbitrary<PublishRequest> = fc
  .record({
    topic: fc.constantFrom("t", "user:alice", "a.b|c~d=e"),
    event: fc.constantFrom("message", "alert", "notification", "x.y:z"),
    message: fc.option(text, { nil: undefined }),
    data: fc.option(fc.jsonValue(), { nil: undefined }),
    sender: fc.option(text, { nil: undefined }),
    key: fc.option(text, { nil: undefined }),
    keep: fc.option(fc.boolean(), { nil: undefined }),
    store: fc.constant(true),
  })
  .filter(({ message, data }) => message !== undefined || data !== undefined);

const offsets = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const times = fc.integer({ min: 0, max: 9_999_999_999_999 });

describe("a publication's line", () => {
  test("comes back as the publication that any broker would have encoded", () => {
    fc.assert(
      fc.property(requests, offsets, times, (request, offset, ts) => {
        const line = encodeLine(request, ts);
        expect(line).not.toContain("\n");
        const received = decodeLine(request.topic, line, offset);
        expect(received?.publication).toEqual(encodePublication(request, offset, ts));
        expect(received?.keep).toBe(request.keep !== false);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["no time", " message }"],
    ["a time that is no number", '1e3 message ,"message":"m"}'],
    ["no type", '1  ,"message":"m"}'],
    ["a frame type of the protocol", '1 welcome ,"message":"m"}'],
    ["a type with a quote", '1 a"b ,"message":"m"}'],
    ["JSON that does not end", '1 message ,"message":"m"'],
    ["more after the end", '1 message ,"message":"m"}{}'],
    ["neither message nor data", '1 message ,"sender":"s"}'],
    ["another topic", '1 message ,"message":"m","topic":"other"}'],
    ["another offset", '1 message ,"message":"m","offset":9}'],
    ["another type", '1 message ,"message":"m","type":"ack"}'],
    ["another time", '1 message ,"message":"m","ts":2}'],
    ["a message that is no text", '1 message ,"message":7}'],
    ["nesting that no parser survives", `1 message ,"data":${"[".repeat(200_000)}`],
  ])("is refused with %s", (_, line) => {
    expect(decodeLine("t", line, 7)).toBeNull();
  });

  test("without a position it cannot claim one", () => {
    expect(decodeLine("t", '1 message ,"message":"m","offset":9}', 0)).toBeNull();
    expect(decodeLine("t", '1 message ,"message":"m"}', 0)?.publication.offset).toBe(0);
  });
});

describe("a channel's message", () => {
  test("of each kind", () => {
    expect(decodeMessage("pe-1 7 2\na\nb")).toEqual({
      kind: "batch",
      epoch: "e-1",
      first: 7,
      lines: ["a", "b"],
    });
    expect(decodeMessage(encodeUnstored(["a", "b"]))).toEqual({ kind: "unstored", lines: ["a", "b"] });
    expect(decodeMessage("e")).toEqual({ kind: "epoch" });
    expect(decodeMessage(encodeMember("al", true))).toEqual({ kind: "member", userId: "al", present: true });
    expect(decodeMessage(encodeMember("al", false))).toEqual({
      kind: "member",
      userId: "al",
      present: false,
    });
  });

  test.each([
    "",
    "x",
    "p",
    "pe 1 1",
    "pe 1 2\na",
    "pe 0 1\na",
    "pe -1 1\na",
    "pe 1.5 1\na",
    "pe 1 01\na",
    'p" 1 1\na',
    "u",
    "ux",
    "ex",
    "j",
    'j"',
    "lal ice",
  ])("%j is none of ours", (message) => {
    expect(decodeMessage(message)).toBeNull();
  });

  test("nothing that arrives makes it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `p${rest}`),
          text.map((rest) => `pe 1 1\n${rest}`),
        ),
        (message) => {
          const decoded = decodeMessage(message);
          if (decoded?.kind !== "batch") return;
          for (const line of decoded.lines) decodeLine("t", line, decoded.first);
        },
      ),
    );
  });
});

describe("a kept publication", () => {
  test("has its position with it", () => {
    expect(decodeKept("t", 'ep 3 5 alert ,"message":"m"}')).toMatchObject({
      epoch: "ep",
      received: { publication: { offset: 3, ts: 5, type: "alert" } },
    });
  });

  test.each([
    "",
    "ep",
    "ep 3",
    'ep 0 5 alert ,"message":"m"}',
    'e"p 3 5 alert ,"message":"m"}',
    "ep 3 5 alert }",
  ])("%j is damaged", (text) => {
    expect(decodeKept("t", text)).toBeNull();
  });
});
