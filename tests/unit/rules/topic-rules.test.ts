import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { topicMatcher } from "../../../src/core/topic-pattern.ts";
import { readRules } from "../../../src/rules/read-rules.ts";
import type { RuleChanges } from "../../../src/rules/rule.ts";
import { type RulesByPattern, TopicRules } from "../../../src/rules/topic-rules.ts";

const defaults = { historySize: 1000, historyAgeMs: 300_000, rateMax: null, joinLeavePatterns: [] };

function rulesOf(byPattern: Record<string, RuleChanges>, joinLeavePatterns: string[] = []): TopicRules {
  return new TopicRules({ ...defaults, joinLeavePatterns }, new Map(Object.entries(byPattern)));
}

describe("without a file", () => {
  test("every topic is as the settings have it", () => {
    expect(rulesOf({}).of("chat")).toEqual({
      allow: { publish: "anyone", subscribe: "anyone", presence: "anyone", history: "anyone" },
      historySize: 1000,
      historyAgeMs: 300_000,
      flushMs: 0,
      rateMax: null,
      bytesMax: null,
      presence: true,
      joinLeave: false,
      payload: null,
    });
  });

  test("topics of PRESENCE_EVENTS tell of their readers", () => {
    const rules = rulesOf({}, ["lobby", "room:*"]);
    expect(["lobby", "room:1", "room", "hall"].map((topic) => rules.of(topic).joinLeave)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(rulesOf({}, ["*"]).of("hall").joinLeave).toBe(true);
  });
});

describe("of several patterns", () => {
  const rules = rulesOf({
    "*": { flushMs: 1, rateMax: 1, allow: { publish: "keys", history: "nobody" } },
    "orders.eu.*": { flushMs: 3, allow: { publish: "tokens" } },
    "orders.*": { flushMs: 2, historySize: 20 },
    "orders.eu.1": { flushMs: 4, rateMax: null },
    "orders.eu.": { flushMs: 5 },
  });

  test.each([
    ["news", 1],
    ["orders", 1],
    ["orders.", 2],
    ["orders.us", 2],
    ["orders.eu.2", 3],
    ["orders.eu.1", 4],
    ["orders.eu.", 5],
    ["orders.eu.11", 3],
  ])("for %s the most specific one counts", (topic, flushMs) => {
    expect(rules.of(topic).flushMs).toBe(flushMs);
    // The second time it is remembered.
    expect(rules.of(topic).flushMs).toBe(flushMs);
  });

  test("what it leaves out comes from the next one, field by field and right by right", () => {
    const rule = rules.of("orders.eu.1");
    expect(rule).toMatchObject({ historySize: 20, rateMax: null, historyAgeMs: 300_000 });
    expect(rule.allow).toEqual({
      publish: "tokens",
      subscribe: "anyone",
      presence: "anyone",
      history: "nobody",
    });
  });

  test("the file counts before PRESENCE_EVENTS where both name the same topics", () => {
    const both = rulesOf({ lobby: { joinLeave: false }, "*": { joinLeave: false } }, ["lobby", "room:*"]);
    expect(both.of("lobby").joinLeave).toBe(false);
    expect(both.of("room:1").joinLeave).toBe(true);
  });

  const name = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 5, minLength: 1 });

  test("the longest beginning is found, whatever they are", () => {
    const prefix = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 4 });
    const patterns = fc.uniqueArray(
      fc.oneof(
        name,
        prefix.map((text) => `${text}*`),
      ),
    );
    fc.assert(
      fc.property(patterns, fc.array(name, { minLength: 1 }), (given, topics) => {
        const made = rulesOf(
          Object.fromEntries(given.map((pattern, index) => [pattern, { flushMs: index }])),
        );
        for (const topic of topics) {
          const fitting = given.filter((pattern) => topicMatcher([pattern])(topic));
          const best = fitting.sort((one, other) =>
            one.endsWith("*") === other.endsWith("*")
              ? other.length - one.length
              : one.endsWith("*")
                ? 1
                : -1,
          )[0];
          expect(made.of(topic).flushMs).toBe(best === undefined ? 0 : given.indexOf(best));
        }
      }),
    );
  });
});

test("what the settings say of rates holds where no rule says another", () => {
  const byPattern = new Map([
    ["fast", { rateMax: null }],
    ["slow", { rateMax: 1 }],
  ]);
  const rules = new TopicRules({ ...defaults, rateMax: 50 }, byPattern);
  expect(["fast", "slow", "other"].map((topic) => rules.of(topic).rateMax)).toEqual([null, 1, 50]);
});

test("the payloads are those of the patterns that have one", () => {
  const read = (topics: object) => readRules({ topics }) as RulesByPattern;
  const rules = new TopicRules(
    defaults,
    read({ "a*": { schema: { type: "null" } }, ab: { schema: null }, b: {} }),
  );
  expect(rules.payloads).toEqual([{ pattern: "a*", schema: { type: "null" } }]);
  expect([rules.of("ab").payload, rules.of("ac").payload === null]).toEqual([null, false]);
  rules.replace(read({ c: { schema: {} } }));
  expect(rules.payloads).toEqual([{ pattern: "c", schema: {} }]);
});

test("rules that are replaced hold for names that were asked before", () => {
  const rules = rulesOf({ "a*": { flushMs: 1 } });
  expect([rules.of("ab").flushMs, rules.of("b").flushMs]).toEqual([1, 0]);
  rules.replace(new Map([["a*", { historySize: 5 }]]));
  expect([rules.of("ab").flushMs, rules.of("ab").historySize]).toEqual([0, 5]);
});

test("a flood of topic names takes no memory", () => {
  const rules = rulesOf({ "a*": { flushMs: 1 } });
  const heap = () => {
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };
  const flood = (from: number) => {
    for (let index = from; index < from + 300_000; index++) rules.of(`a${index}`);
  };
  flood(0);
  const before = heap();
  flood(300_000);
  expect(heap() - before).toBeLessThan(2 * 1024 * 1024);
  expect(rules.of("a1").flushMs).toBe(1);
});

test("a topic that is asked again and again is not looked for again in a flood", () => {
  const rules = rulesOf({ "a*": { flushMs: 1 } });
  expect(rules.of("a1")).toBe(rules.of("a1"));
  for (let index = 0; index < 20_000; index++) {
    rules.of(`a-${index}`);
    expect(rules.of("a1").flushMs).toBe(1);
  }
});
