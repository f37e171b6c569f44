import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TopicUsage } from "../../../src/broker/topic-usage.ts";
import { type LogBounds, TopicLog } from "../../../src/hub/topic-log.ts";
import { encodePublication } from "../../../src/protocol/encode.ts";

const bounds: LogBounds = { size: 10, ageMs: 60_000, bytes: 100_000, keyAgeMs: 60_000, keysMax: 10 };

function logOf(topic: string): TopicLog {
  const log = new TopicLog(topic, "epoch", bounds);
  log.append(encodePublication({ topic, event: "message", message: "m", store: true }, 1, 1));
  return log;
}

const names = (logs: readonly TopicLog[]) => logs.map(({ topic }) => topic);
const everything = Number.POSITIVE_INFINITY;

describe("the order in which topics are given up", () => {
  test("is that of their last use, whatever was done to them", () => {
    const step = fc.record({
      topic: fc.nat(9),
      action: fc.constantFrom("use", "follow", "unfollow", "remove", "add"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const usage = new TopicUsage(() => false);
        const logs = Array.from({ length: 10 }, (_, number) => logOf(`t${number}`));
        const present = new Set<TopicLog>();
        let now = 0;
        for (const { topic, action } of steps) {
          const log = logs[topic]!;
          now++;
          if (action === "add") {
            if (!present.has(log)) usage.add(log, now);
            present.add(log);
          } else if (present.has(log)) {
            if (action === "use") usage.use(log, now);
            else if (action === "remove") usage.remove(log);
            else usage.setFollowed(log, action === "follow", now);
            if (action === "remove") present.delete(log);
          }
        }
        const expected = [...present].sort((a, b) => a.usedAt - b.usedAt);
        const spared = logOf("spared");
        expect(names(usage.victims(spared, everything))).toEqual(names(expected));
        expect(usage.idlest?.topic).toBe(expected.find(({ followed }) => !followed)?.topic);
      }),
    );
  });

  test("ends as soon as enough would be freed, passes over empty readers' topics and the one in use", () => {
    const usage = new TopicUsage(() => false);
    const logs = ["a", "b", "c", "d"].map(logOf);
    const empty = new TopicLog("empty", "epoch", bounds);
    usage.add(empty, 0);
    usage.setFollowed(empty, true, 0);
    for (const [index, log] of logs.entries()) usage.add(log, index + 1);
    const [a, b] = logs as [TopicLog, TopicLog];
    expect(names(usage.victims(a, b.bytes + 1))).toEqual(["b", "c"]);
    expect(usage.victims(a, 0)).toEqual([]);
  });

  test("has topics last whose publications are kept", () => {
    const usage = new TopicUsage((topic) => topic === "chat");
    for (const [index, topic] of ["chat", "a", "b"].entries()) usage.add(logOf(topic), index);
    expect(names(usage.victims(logOf("spared"), everything))).toEqual(["a", "b", "chat"]);
    expect(usage.idlest?.topic).toBe("a");
  });
});
