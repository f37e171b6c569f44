import { describe, expect, test } from "bun:test";
import type { PublishRequest } from "../../../src/core/publication.ts";
import type { FanfareConfig } from "../../../src/rules/define.ts";
import { PublishGate } from "../../../src/rules/publish-gate.ts";
import { readRules } from "../../../src/rules/read-rules.ts";
import { type RulesByPattern, TopicRules } from "../../../src/rules/topic-rules.ts";
import { FakeClock } from "../../support/fake-ports.ts";

const clock = new FakeClock();

function gate(topics: FanfareConfig["topics"] & object) {
  const defaults = { historySize: 1000, historyAgeMs: 300_000, rateMax: null, joinLeavePatterns: [] };
  const rules = new TopicRules(defaults, readRules({ topics }) as RulesByPattern);
  const made = new PublishGate(rules, 2000, clock);
  return {
    rules,
    publish(topic: string, content: Partial<PublishRequest> = { message: "hi" }) {
      const failure = made.check({ topic, event: "message", store: true, ...content });
      return failure === null ? "ok" : `${failure.code}: ${failure.message}`;
    },
  };
}

describe("the size", () => {
  const { publish } = gate({ news: { bytes_max: 12 } });

  test.each([
    [{ message: "123456789012" }, true],
    [{ message: "1234567890123" }, false],
    [{ message: "ääääää" }, true],
    [{ message: "äääääää" }, false],
    [{ data: { a: "12345" } }, false],
    [{ data: { a: "1234" } }, true],
    [{ message: "1", data: { a: "1234" } }, false],
    [{ data: null }, true],
  ])("%j: %p", (content, fits) => {
    const refusal = "too_large: news takes publications of at most 12 bytes.";
    expect(publish("news", content)).toBe(fits ? "ok" : refusal);
    expect(publish("other", content)).toBe("ok");
  });
});

describe("the payload", () => {
  const { publish } = gate({ "order*": { schema: { required: ["id"] } } });

  test("must be there and fit, stored or not, whatever message is beside it", () => {
    expect(publish("orders", { data: { id: 1 } })).toBe("ok");
    expect(publish("orders", { data: { id: 1 }, message: "text" })).toBe("ok");
    expect(publish("orders")).toBe("invalid: data: is needed");
    expect(publish("orders", { data: {}, message: "text", store: false })).toBe(
      "invalid: data.id: must be given",
    );
    expect(publish("news")).toBe("ok");
  });
});

describe("the rate", () => {
  const refusal = (topic: string, rate: number) =>
    `rate_limited: ${topic} takes at most ${rate} publications a second: slow down.`;

  test("holds for each topic by itself, with a burst for one that was quiet", () => {
    const { publish } = gate({ "ticks.*": { rate_max: 2 }, slow: { rate_max: 0.1 } });
    for (const topic of ["ticks.a", "ticks.b"]) {
      expect(Array.from({ length: 5 }, () => publish(topic))).toEqual([
        ...Array.from({ length: 4 }, () => "ok"),
        refusal(topic, 2),
      ]);
    }
    clock.nowMs += 500;
    expect([publish("ticks.a"), publish("ticks.a")]).toEqual(["ok", refusal("ticks.a", 2)]);
    expect([publish("slow"), publish("slow")]).toEqual(["ok", refusal("slow", 0.1)]);
    clock.nowMs += 10_000;
    expect(publish("slow")).toBe("ok");
  });

  test("does not count what is refused for another reason", () => {
    const { publish } = gate({ a: { rate_max: 1, schema: { type: "number" }, bytes_max: 3 } });
    for (let index = 0; index < 10; index++) {
      expect(publish("a", { data: "x" })).toStartWith("invalid");
      expect(publish("a", { data: 12_345 })).toStartWith("too_large");
    }
    expect([publish("a", { data: 1 }), publish("a", { data: 1 })]).toEqual(["ok", "ok"]);
    expect(publish("a", { data: 1 })).toStartWith("rate_limited");
  });

  test("is another one with another file", () => {
    const { rules, publish } = gate({ a: { rate_max: 0.5 } });
    expect([publish("a"), publish("a")]).toEqual(["ok", refusal("a", 0.5)]);
    rules.replace(new Map());
    expect([publish("a"), publish("a")]).toEqual(["ok", "ok"]);
  });
});
