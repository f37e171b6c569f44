import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamParser, type ServerSentEvent } from "../../../src/client/event-stream-parser.ts";

function parse(...pieces: string[]) {
  const events: ServerSentEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event), 1_000_000);
  for (const piece of pieces) parser.push(piece);
  return { events, retryMs: parser.retryMs };
}

const dataOf = (text: string) => parse(text).events.map(({ data }) => data);

describe("the examples of the HTML standard", () => {
  test("comments, ids, and an id that is taken back", () => {
    const text =
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    expect(parse(text).events).toEqual([
      { type: "message", data: "first event", lastEventId: "1" },
      { type: "message", data: "second event", lastEventId: "" },
      { type: "message", data: " third event", lastEventId: "" },
    ]);
  });

  test("empty data is an event, data without its blank line is none", () => {
    expect(dataOf("data\n\ndata\ndata\n\ndata:")).toEqual(["", "\n"]);
  });

  test("one space after the colon does not count", () => {
    expect(dataOf("data:test\n\ndata: test\n\n")).toEqual(["test", "test"]);
  });

  test("lines of data are joined", () => {
    expect(dataOf("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual(["YHOO\n+2\n10"]);
  });
});

describe("fields", () => {
  test("the type holds for one event, the id until it changes", () => {
    expect(parse("event: add\nid: a\ndata: 1\n\ndata: 2\n\n").events).toEqual([
      { type: "add", data: "1", lastEventId: "a" },
      { type: "message", data: "2", lastEventId: "a" },
    ]);
  });

  test("an event without data is dropped with its type, but its id counts", () => {
    expect(parse("event: add\nid: a\n\ndata: 1\n\n").events).toEqual([
      { type: "message", data: "1", lastEventId: "a" },
    ]);
  });

  test("an id with NUL is ignored", () => {
    expect(parse("id: a\n\nid: b\0\ndata: 1\n\n").events[0]?.lastEventId).toBe("a");
  });

  test("retry takes digits alone", () => {
    expect(parse("retry: 250\n\n").retryMs).toBe(250);
    expect(parse("retry: 2.5\nretry: -1\nretry:\nretry: 1s\n\n").retryMs).toBeNull();
  });

  test("unknown fields are ignored", () => {
    expect(dataOf("colour: red\nDATA: no\ndata : no\ndata: yes\n\n")).toEqual(["yes"]);
  });

  test("a byte order mark at the start is skipped, a second one is part of a name", () => {
    expect(dataOf("\uFEFFdata: 1\n\n")).toEqual(["1"]);
    expect(dataOf("\uFEFF\uFEFFdata: 1\n\n")).toEqual([]);
  });
});

test("an event longer than the limit throws, in one line or in many", () => {
  const parser = () => new EventStreamParser(() => {}, 100);
  expect(() => parser().push(`data: ${"x".repeat(200)}`)).toThrow(RangeError);
  expect(() => parser().push("data: x\n".repeat(60))).toThrow(RangeError);
  expect(() => parser().push(`data: ${"x".repeat(50)}\n\n`.repeat(10))).not.toThrow();
});

/** The rules of the standard once more, written for a whole text instead of pieces. */
function parseWhole(text: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  let [type, data, lastEventId] = ["", "", ""];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  lines.pop();
  for (const line of lines) {
    if (line === "") {
      if (data !== "") events.push({ type: type || "message", data: data.slice(0, -1), lastEventId });
      [type, data] = ["", ""];
      continue;
    }
    const [, name = "", , value = ""] = /^([^:]*)(: ?)?(.*)$/s.exec(line) ?? [];
    if (name === "event") type = value;
    if (name === "data") data += `${value}\n`;
    if (name === "id" && !value.includes("\0")) lastEventId = value;
  }
  return events;
}

const streams = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\r",
        "\r\n\r\n",
        ":",
        " ",
        "data",
        "id",
        "event",
        "retry",
        "\uFEFF",
      ),
      fc.constantFrom("data: x\n", "event: add\n", "id: 7\r\n", ": comment\r", 'data:{"a":1}\n\n'),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("what comes out does not depend on where the text is cut", () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(300), { maxLength: 12 }), (text, cuts) => {
      const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
        (a, b) => a - b,
      );
      const pieces = places.map((place, index) => text.slice(place, places[index + 1] ?? text.length));
      expect(parse(...pieces).events).toEqual(parseWhole(text));
      expect(parse(...text).events).toEqual(parseWhole(text));
    }),
    { numRuns: 500 },
  );
});
