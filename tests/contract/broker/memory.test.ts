import { describe, expect, test } from "bun:test";
import { MemoryBroker, type MemoryBrokerOptions } from "../../../src/broker/memory.ts";
import { Failure } from "../../../src/core/failure.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { brokerContract } from "./broker-contract.ts";
import { RecordingSink } from "./recording-sink.ts";

brokerContract("memory", (bounds, sink) => {
  const ports = createFakePorts();
  const broker = new MemoryBroker(
    {
      boundsOf: () => ({
        size: bounds.historySize,
        ageMs: bounds.historyAgeMs,
        bytes: bounds.historyTopicBytes,
        keyAgeMs: bounds.keyAgeMs,
        keysMax: bounds.keysMax,
      }),
      historyBytesMax: 64 * 1024 * 1024,
      topicsMax: 1000,
      kept: bounds.kept,
    },
    sink,
    ports,
  );
  return {
    broker,
    advance: (ms) => ports.scheduler.advance(ms),
    dispose: () => broker.close(),
  };
});

describe("memory: bounds of its own", () => {
  function start(options: Partial<MemoryBrokerOptions> = {}) {
    const ports = createFakePorts();
    const sink = new RecordingSink();
    const log = { size: 1000, ageMs: 60_000, bytes: 1_000_000, keyAgeMs: 60_000, keysMax: 1000 };
    const broker = new MemoryBroker(
      { boundsOf: () => log, historyBytesMax: 1_000_000, topicsMax: 100, ...options },
      sink,
      ports,
    );
    const publish = (topic: string, message = "m") => {
      ports.clock.nowMs++;
      return broker.publish({ topic, event: "message", message, store: true });
    };
    return { ...ports, sink, broker, publish };
  }

  test("all rings together: the least recently used topics' epochs end, and their followers are told", () => {
    const { broker, sink, publish } = start({ historyBytesMax: 100_000 });
    const followed = broker.follow("old-and-followed");
    publish("old-and-followed", "x".repeat(10_000));
    publish("old", "x".repeat(10_000));
    const recent = publish("recent", "x".repeat(10_000));
    const before = followed instanceof Failure ? "" : followed.epoch;
    for (let count = 0; count < 8; count++) publish("busy", "x".repeat(10_000));
    expect(broker.usage().historyBytes).toBeLessThanOrEqual(100_000);
    expect(broker.usage().evictedTopics).toBe(2);
    expect(broker.describe("old")).toBeNull();
    expect(broker.describe("recent")).toMatchObject(
      recent instanceof Failure || recent === null ? {} : { epoch: recent.epoch, offset: 1 },
    );
    const after = broker.describe("old-and-followed");
    expect(after?.epoch).not.toBe(before);
    expect(sink.breaksOf("old-and-followed")).toEqual([
      { kind: "broke", topic: "old-and-followed", epoch: after!.epoch, offset: 0 },
    ]);
    expect(broker.describe("busy")?.offset).toBe(8);
  });

  test("the topic that is being published to is spared", () => {
    const { broker, publish } = start({ historyBytesMax: 20_000 });
    for (let count = 0; count < 10; count++) publish("busy", "x".repeat(10_000));
    expect(broker.describe("busy")?.offset).toBe(10);
    expect(broker.usage().evictedTopics).toBe(0);
  });

  test("reading a topic's history keeps it", () => {
    const { broker, clock, publish } = start({ historyBytesMax: 100_000 });
    for (const topic of ["read", "unread1", "unread2"]) publish(topic, "x".repeat(10_000));
    clock.nowMs++;
    broker.history({ topic: "read", limit: 1, bytesMax: 100 });
    for (let number = 0; number < 7; number++) publish(`later${number}`, "x".repeat(10_000));
    expect(broker.describe("unread1")).toBeNull();
    expect(broker.describe("unread2")).toBeNull();
    expect(broker.describe("read")).not.toBeNull();
  });

  test("usage adds up: what is published and trimmed in any way leaves nothing behind", () => {
    const { broker, scheduler, publish } = start({
      boundsOf: () => ({ size: 3, ageMs: 4000, bytes: 1_000_000, keyAgeMs: 4000, keysMax: 2 }),
    });
    for (let count = 0; count < 20; count++) {
      publish(`t${count % 5}`, "x".repeat(count));
      broker.publish({ topic: "keys", event: "message", message: "m", key: `k${count}`, store: true });
      broker.history({ topic: `h${count % 3}`, limit: 10, bytesMax: 1000 });
      if (count % 4 === 0) broker.clearHistory("t1");
    }
    expect(broker.usage().topics).toBe(8);
    scheduler.advance(60_000);
    expect(broker.usage()).toEqual({ topics: 0, historyBytes: 0, evictedTopics: 0 });
  });

  test("topics: idle ones make room; where all are followed, a new one is refused and says why", () => {
    const { broker, publish } = start({ topicsMax: 8 });
    for (let number = 0; number < 8; number++) publish(`idle${number}`);
    expect(publish("one-more")).not.toBeInstanceOf(Failure);
    expect(broker.describe("idle0")).toBeNull();
    expect(broker.describe("idle7")).not.toBeNull();
    for (let number = 0; number < 8; number++) broker.follow(`followed${number}`);
    for (const refused of [
      publish("too-many"),
      broker.follow("too-many"),
      broker.history({ topic: "too-many", limit: 1, bytesMax: 1 }),
    ]) {
      if (!(refused instanceof Failure)) throw new Error("it was not refused");
      expect(refused.code).toBe("rate_limited");
      expect(refused.message).toContain("8");
    }
    expect(broker.usage().topics).toBe(8);
    expect(publish("followed3")).toMatchObject({ offset: 1 });
  });

  test("a big sweep is spread over turns", () => {
    const { broker, scheduler, publish } = start({
      topicsMax: 10_000,
      boundsOf: () => ({ size: 3, ageMs: 4000, bytes: 1000, keyAgeMs: 4000, keysMax: 2 }),
    });
    for (let number = 0; number < 5000; number++) publish(`t${number}`);
    scheduler.advance(4000);
    const early = broker.usage().topics;
    scheduler.advance(60_000);
    expect(early).toBeLessThanOrEqual(5000);
    expect(broker.usage().topics).toBe(0);
  });

  test("each topic has bounds of its own, which may change", () => {
    const small = { size: 2, ageMs: 4000, bytes: 1000, keyAgeMs: 4000, keysMax: 2 };
    const large = { ...small, size: 100, ageMs: 600_000, keyAgeMs: 600_000 };
    let bounds = (topic: string) => (topic === "small" ? small : large);
    const { broker, scheduler, publish } = start({ boundsOf: (topic) => bounds(topic) });
    const held = (topic: string) => {
      const page = broker.history({ topic, limit: 100, bytesMax: 10_000 });
      return page instanceof Failure ? [] : page.publications.map(({ offset }) => offset);
    };
    for (let count = 0; count < 5; count++) for (const topic of ["small", "large"]) publish(topic);
    expect([held("small"), held("large")]).toEqual([
      [4, 5],
      [1, 2, 3, 4, 5],
    ]);
    // Within a quarter of the least age, and none of its publications is held that long.
    scheduler.advance(5100);
    expect([broker.describe("small"), held("large")]).toEqual([null, [1, 2, 3, 4, 5]]);
    bounds = () => small;
    scheduler.advance(30_000);
    expect(broker.usage().topics).toBe(0);
    bounds = () => large;
    publish("small");
    scheduler.advance(60_000);
    expect(held("small")).toEqual([1]);
  });

  test("close ends the sweeping", () => {
    const { broker, scheduler } = start();
    expect(scheduler.timers).toBe(1);
    broker.close();
    expect(scheduler.timers).toBe(0);
  });
});
