import { describe, expect, test } from "bun:test";
import { layOut, type Row } from "../../../src/web/page/chat/rows.ts";
import type { Entry } from "../../../src/web/page/chat/timeline.ts";

const noon = new Date(2025, 10, 21, 12).getTime();
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function entry(id: string, fields: Partial<Entry> = {}): Entry {
  return {
    id,
    kind: "message",
    ts: noon,
    text: id,
    sender: "bob",
    own: false,
    delivery: "sent",
    place: null,
    ...fields,
  };
}

/** Each row in a word or two: `first`, `last` as brackets. */
function sketch(rows: Row[]): string[] {
  return rows.map((row) => {
    if (row.kind === "day") return row.label;
    if (row.kind === "unread") return "unread";
    return `${row.first ? "[" : ""}${row.id}${row.last ? "]" : ""}${row.repeats > 1 ? `×${row.repeats}` : ""}`;
  });
}

const layOutNow = (entries: Entry[], unreadFrom: string | null = null) =>
  sketch(layOut(entries, unreadFrom, noon));

test("one sender's messages in a row are a group, ended by another, by time and by lines", () => {
  expect(
    layOutNow([
      entry("a"),
      entry("b", { ts: noon + minuteMs }),
      entry("c", { ts: noon + 10 * minuteMs }),
      entry("d", { ts: noon + 10 * minuteMs, sender: "eve" }),
      entry("e", { ts: noon + 10 * minuteMs, sender: "eve", own: true }),
      entry("f", { ts: noon + 10 * minuteMs, sender: "", own: true }),
      entry("n", { ts: noon + 10 * minuteMs, kind: "system" }),
      entry("g", { ts: noon + 10 * minuteMs, own: true }),
    ]),
  ).toEqual(["Today", "[a", "b]", "[c]", "[d]", "[e", "f]", "[n]", "[g]"]);
});

describe("day separators", () => {
  test("stand before the first of each day", () => {
    const entries = [entry("a", { ts: noon - dayMs }), entry("b"), entry("c")];
    expect(layOutNow(entries)).toEqual(["Yesterday", "[a]", "Today", "[b", "c]"]);
  });

  test("have ids of their own even when a clock goes back", () => {
    const entries = [entry("a"), entry("b", { ts: noon - dayMs }), entry("c")];
    const ids = layOut(entries, null, noon).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("the line of the unread parts a group", () => {
  expect(layOutNow([entry("a"), entry("b")], "b")).toEqual(["Today", "[a]", "unread", "[b]"]);
});

test("notifications that repeat themselves fold into the newest, those with data do not", () => {
  const tick = (id: string, fields: Partial<Entry> = {}) =>
    entry(id, { kind: "notification", text: "tick", ...fields });
  expect(layOutNow([tick("a"), tick("b"), tick("c"), tick("d", { text: "tock" })])).toEqual([
    "Today",
    "[c]×3",
    "[d]",
  ]);
  expect(layOutNow([tick("a", { data: 1 }), tick("b", { data: 2 })])).toEqual(["Today", "[a]", "[b]"]);
});
