import { describe, expect, test } from "bun:test";
import { MemoryBroker } from "../../../src/broker/memory.ts";
import { Failure } from "../../../src/core/failure.ts";
import { RecordingSink } from "../../contract/broker/recording-sink.ts";
import { createFakePorts } from "../../support/fake-ports.ts";

const log = { size: 1000, ageMs: 60_000, bytes: 1_000_000, keyAgeMs: 60_000, keysMax: 1000 };

function start(topicsMax: number) {
  const ports = createFakePorts();
  const broker = new MemoryBroker(
    { boundsOf: () => log, historyBytesMax: 1_000_000_000, topicsMax },
    new RecordingSink(),
    ports,
  );
  const publish = (topic: string) => {
    ports.clock.nowMs++;
    return broker.publish({ topic, event: "message", message: "m", store: true });
  };
  return { broker, publish };
}

describe("a node full of topics", () => {
  const topicsMax = 100_000;

  test("refuses new ones at once where all are read: whoever names a thousand must not stop the others", () => {
    const { broker, publish } = start(topicsMax);
    for (let number = 0; number < topicsMax; number++) broker.follow(`read${number}`);
    const began = performance.now();
    for (let number = 0; number < 1000; number++) {
      expect(publish(`new${number}`)).toBeInstanceOf(Failure);
    }
    // To look at all topics for each of them would take many seconds.
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("makes room at once where few are idle", () => {
    const { broker, publish } = start(topicsMax);
    for (let number = 1; number < topicsMax; number++) broker.follow(`read${number}`);
    const began = performance.now();
    for (let number = 0; number < 1000; number++) {
      expect(publish(`new${number}`)).not.toBeInstanceOf(Failure);
    }
    expect(performance.now() - began).toBeLessThan(1000);
    expect(broker.describe("new998")).toBeNull();
    expect(broker.describe("new999")).not.toBeNull();
  });

  test("forgets no more than it needs to", () => {
    const { broker, publish } = start(80);
    for (let number = 0; number < 80; number++) publish(`idle${number}`);
    publish("one-more");
    expect(broker.usage().topics).toBe(80);
    expect(broker.describe("idle0")).toBeNull();
    expect(broker.describe("idle1")).not.toBeNull();
  });
});
