import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bounds } from "../../../src/core/bounds.ts";
import type { Cursor } from "../../../src/core/cursor.ts";
import { cursorSegment, joinCursor, parseCursor, topicHash } from "../../../src/core/cursor.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { Position } from "../../../src/core/position.ts";

const topicName = fc.stringMatching(/^[A-Za-z0-9_.:@|~=-]{1,40}$/);
const epoch = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const offset = fc.maxSafeNat();
const positions = fc.uniqueArray(fc.record({ topic: topicName, epoch, offset }), {
  minLength: 1,
  maxLength: 16,
  selector: ({ topic }) => topic,
});

function parsed(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor instanceof Failure) throw new Error(`${cursor.message}: ${text}`);
  return cursor;
}

describe("cursors", () => {
  test("the opaque form holds every position, and is safe in a URL and a header", () => {
    fc.assert(
      fc.property(positions, (held) => {
        const text = joinCursor(held.map((at) => cursorSegment(topicHash(at.topic), at.epoch, at.offset)));
        expect(text).toMatch(/^[A-Za-z0-9_.~-]+$/);
        const cursor = parsed(text);
        for (const { topic, ...position } of held) expect(cursor.positionOf(topic)).toEqual(position);
        expect(cursor.positionOf("not,a,topic")).toBeUndefined();
      }),
    );
  });

  test("the list form holds every position, colons in topics and all", () => {
    fc.assert(
      fc.property(positions, (held) => {
        const text = held.map((at) => `${at.topic}:${at.epoch}:${at.offset}`).join(",");
        fc.pre(text.length <= bounds.cursorBytes);
        const cursor = parsed(text);
        for (const { topic, ...position } of held) expect(cursor.positionOf(topic)).toEqual(position);
      }),
    );
  });

  test("a topic that begins like an opaque cursor is still a list entry", () => {
    expect(parsed("c1.room:e:5").positionOf("c1.room")).toEqual({ epoch: "e", offset: 5 });
  });

  test("32 topics with the longest epochs and offsets fit the bound", () => {
    const segments = Array.from({ length: 32 }, (_, index) =>
      cursorSegment(topicHash("x".repeat(254) + index.toString(36)), "e".repeat(32), Number.MAX_SAFE_INTEGER),
    );
    const text = joinCursor(segments);
    expect(text.length).toBeLessThanOrEqual(bounds.cursorBytes);
    expect(parsed(text).positionOf(`${"x".repeat(254)}v`)).toEqual({
      epoch: "e".repeat(32),
      offset: Number.MAX_SAFE_INTEGER,
    });
  });

  test("a topic's hash never changes: cursors outlive versions", () => {
    expect(topicHash("chat")).toBe("MeBvfYn-");
  });

  test.each([
    ["nothing", ""],
    ["no position", "x"],
    ["an empty opaque one", "c1."],
    ["another version", "c2.abcdefgh~e~1"],
    ["a short hash", "c1.short~e~1"],
    ["no offset", "c1.abcdefgh~e~"],
    ["no epoch", "c1.abcdefgh~~1"],
    ["an offset beyond 2^53", "c1.abcdefgh~e~zzzzzzzzzzz"],
    ["empty segments", "c1.abcdefgh~e~1.."],
    ["a blank at the end", "c1.abcdefgh~e~1 "],
    ["a long epoch", `c1.abcdefgh~${"e".repeat(33)}~1`],
    ["no epoch in a list", "topic:5"],
    ["an empty epoch", "topic::5"],
    ["no topic", ":e:5"],
    ["an empty offset", "topic:e:"],
    ["a negative offset", "topic:e:-1"],
    ["a list offset beyond 2^53", "topic:e:9007199254740992"],
    ["a comma at the end", "topic:e:1,"],
    ["a bad topic name", "bad topic:e:1"],
    ["a long topic name", `${"t".repeat(256)}:e:1`],
    ["a bad epoch", "topic:e e:1"],
    ["beyond the bound", `${"topic:e:1,".repeat(500)}topic:e:1`],
  ])("%s is refused, in words", (_, text) => {
    const failure = parseCursor(text);
    if (!(failure instanceof Failure)) throw new Error("it was taken");
    expect(failure.code).toBe("invalid");
    expect(failure.message).toContain("since");
  });

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: "binary" }).map((text) => `c1.${text}`),
        ),
        (text) => {
          const result = parseCursor(text);
          if (!(result instanceof Failure)) {
            const position: Position | undefined = result.positionOf("t");
            expect(position === undefined || Number.isSafeInteger(position.offset)).toBe(true);
          }
        },
      ),
    );
  });
});
