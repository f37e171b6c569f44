import { expect, test } from "bun:test";
import { decodeNodeEntry, encodeFacts } from "../../../../src/broker/redis/node-entry.ts";
import { decodePresenceValue } from "../../../../src/broker/redis/presence-value.ts";

test("a presence value is read as far as it is one", () => {
  expect(decodePresenceValue("aaaaaaaaaaaa:1,b_b-bbbbbbbb:20")).toEqual([
    ["aaaaaaaaaaaa", 1],
    ["b_b-bbbbbbbb", 20],
  ]);
  const bad = [
    "",
    "a",
    ":1",
    "aaaaaaaaaaaa",
    "aaaaaaaaaaaa:",
    "aaaaaaaaaaaa:0",
    "aaaaaaaaaaaa:-1",
    "short:1",
  ];
  for (const value of [
    ...bad,
    "aaaaaaaaaaaa:1.5",
    "aaaaaaaaaaaa:1:2",
    "aaaaaaaaaaaa:1e9",
    "aaaaaaaaaaaa:9999999999",
  ]) {
    expect([value, decodePresenceValue(value)]).toEqual([value, []]);
    expect(decodePresenceValue(`${value},cccccccccccc:3`)).toEqual([["cccccccccccc", 3]]);
  }
  for (const value of [null, undefined, 7, {}]) expect(decodePresenceValue(value)).toEqual([]);
});

test("an entry of a node is read as far as it is one", () => {
  expect(decodeNodeEntry('1700000000000 {"a":1}')).toEqual({
    stamp: "1700000000000",
    text: '{"a":1}',
    facts: { a: 1 },
  });
  for (const said of [null, 7, "", "hello", "12", "-1 {}", "1.5 {}", "12345678901234567 {}", " {}"]) {
    expect([said, decodeNodeEntry(said)]).toEqual([said, null]);
  }
  for (const facts of ["", "{", "[]", "7", "null", `{"a":"${"a".repeat(4096)}"}`]) {
    expect(decodeNodeEntry(`1 ${facts}`)?.facts).toBeNull();
  }
});

test("facts that were said before are not read again", () => {
  const before = decodeNodeEntry('1 {"a":1}')!;
  expect(decodeNodeEntry('2 {"a":1}', before)?.facts).toBe(before.facts!);
  expect(decodeNodeEntry('2 {"a":2}', before)?.facts).toEqual({ a: 2 });
});

test("facts are written up to their bound", () => {
  const fitting = { a: "a".repeat(4096 - '{"a":""}'.length) };
  expect(encodeFacts(fitting)).toBe(JSON.stringify(fitting));
  expect(encodeFacts({ a: `${fitting.a}a` })).toBe("{}");
});
