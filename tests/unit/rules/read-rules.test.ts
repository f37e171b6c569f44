import { describe, expect, test } from "bun:test";
import Type from "typebox";
import type { FanfareConfig } from "../../../src/rules/define.ts";
import type { Problem } from "../../../src/rules/problem.ts";
import { readRules } from "../../../src/rules/read-rules.ts";
import type { RulesByPattern } from "../../../src/rules/topic-rules.ts";

function accepted(config: FanfareConfig): RulesByPattern {
  const read = readRules(config);
  expect(read).toBeInstanceOf(Map);
  return read as RulesByPattern;
}

function refused(config: unknown): string[] {
  const read = readRules(config);
  expect(read).toBeArray();
  return (read as Problem[]).map(({ path, text }) => `${path}: ${text}`);
}

describe("a file that is right", () => {
  test("says every field in its own unit", () => {
    const rules = accepted({
      topics: {
        "orders.*": {
          allow: { publish: "keys", subscribe: "tokens", presence: ["admin"], history: "nobody" },
          history_size: 10,
          history_age: "10 min",
          flush_ms: 5,
          rate_max: 0.5,
          bytes_max: "4 KiB",
          presence: false,
          join_leave: true,
        },
        chat: { history_age: 1.5, bytes_max: 100, rate_max: null },
      },
    });
    expect(rules.get("orders.*")).toEqual({
      allow: { publish: "keys", subscribe: "tokens", presence: ["admin"], history: "nobody" },
      historySize: 10,
      historyAgeMs: 600_000,
      flushMs: 5,
      rateMax: 0.5,
      bytesMax: 4096,
      presence: false,
      joinLeave: true,
    });
    expect(rules.get("chat")).toEqual({ historyAgeMs: 1500, bytesMax: 100, rateMax: null });
  });

  test("may say nothing", () => {
    expect(accepted({}).size).toBe(0);
    expect(accepted({ topics: {} }).size).toBe(0);
    expect(accepted({ topics: { "*": {} } }).get("*")).toEqual({});
  });

  test("takes a schema of typebox, or one of JSON, or takes it back", () => {
    const schema = Type.Object({ price: Type.Number() });
    const rules = accepted({
      topics: { a: { schema }, b: { schema: JSON.parse(JSON.stringify(schema)) }, c: { schema: null } },
    });
    for (const topic of ["a", "b"]) {
      expect(rules.get(topic)?.payload?.check({ price: 1 })).toBeNull();
      expect(rules.get(topic)?.payload?.check({})?.message).toBe("data.price: must be given");
    }
    expect(rules.get("c")?.payload).toBeNull();
  });
});

describe("a file that is wrong", () => {
  test("is told all of it at once, with its place and what to do", () => {
    expect(
      refused({
        topic: {},
        topics: {
          "orders.*": { flsh_ms: 1, flush_ms: "fast", allow: { publsh: "keys", history: ["boss"] } },
          "no blanks": {},
          chat: 5,
          "news.*": { allow: [], history_age: "soon", bytes_max: "4 K", presence: "yes", rate_max: 0 },
          x: { schema: { type: "objekt", propertis: {} } },
        },
      }),
    ).toEqual([
      "topic: unknown field. Did you mean topics?",
      'topics["orders.*"].flsh_ms: unknown field. Did you mean flush_ms?',
      'topics["orders.*"].flush_ms: is "fast". Give a whole number from 0 to 1000 (milliseconds).',
      'topics["orders.*"].allow.publsh: unknown field. Did you mean publish?',
      'topics["orders.*"].allow.history: is a list. Give "anyone", "nobody", "tokens", "keys" or a list of roles, as ["admin"] (chat, user, admin).',
      expect.stringMatching(/^topics\["no blanks"\]: is no topic\. Give a topic's name, or/),
      "topics.chat: is 5. Give an object with some of allow, history_size, history_age, flush_ms, rate_max, bytes_max, presence, join_leave, schema.",
      'topics["news.*"].history_age: is "soon". Give a duration from 1 ms to 24 days, as 30 (seconds) or "10 min".',
      'topics["news.*"].rate_max: is 0. Give a number above 0, at most 1000000 (publications a second), or null.',
      'topics["news.*"].bytes_max: is "4 K". Give a size from 1 byte to 1 GiB, as 4096 (bytes) or "4 KiB", or null.',
      'topics["news.*"].presence: is "yes". Give true or false.',
      'topics["news.*"].allow: is a list. Give an object with some of publish, subscribe, presence, history.',
      'topics.x.schema.type: is "objekt". Give one of null, boolean, integer, number, string, array, object, or a list of them.',
      "topics.x.schema.propertis: unknown keyword. Did you mean properties?",
    ]);
  });

  test.each([[null], [5], ["text"], [[]]])("is no object: %j", (file: unknown) => {
    expect(refused(file)[0]).toContain("Give an object, as { topics:");
  });

  test.each(["history_size", "history_age", "flush_ms", "presence", "join_leave"])(
    "cannot take %s back",
    (name) => {
      expect(refused({ topics: { a: { [name]: null } } })).toHaveLength(1);
    },
  );

  test.each([
    [-1, 10_000_001, 1.5, "5", Number.NaN].map((value) => ({ history_size: value })),
    [0, "0 s", "25 days", -5].map((value) => ({ history_age: value })),
    [-1, 1001, 0.5].map((value) => ({ flush_ms: value })),
    [0, -1, 1_000_001, "5", Number.POSITIVE_INFINITY].map((value) => ({ rate_max: value })),
    [0, "2 GiB", -1, true].map((value) => ({ bytes_max: value })),
    ["tokenz", [], [null], "ANYONE", true].map((value) => ({ allow: { publish: value } })),
  ])("out of bounds: %j %j %j %j", (...rules) => {
    for (const rule of rules) expect(refused({ topics: { a: rule } })).toHaveLength(1);
  });

  test("is not a way to reach prototypes", () => {
    const file = JSON.parse('{"topics":{"a":{"__proto__":{"presence":false},"constructor":1}}}');
    expect(refused(file)).toEqual([
      expect.stringContaining("topics.a.__proto__: unknown field"),
      expect.stringContaining("topics.a.constructor: unknown field"),
    ]);
  });

  test("has no more than so many patterns", () => {
    const topics = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`t${index}`, {}]));
    expect(refused({ topics })).toEqual([expect.stringContaining("more than 10000 entries")]);
  });
});
