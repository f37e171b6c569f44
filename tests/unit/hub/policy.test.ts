import { describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { Client, publish } from "./model/hub-client.ts";
import { createHub } from "./model/hub-harness.ts";

describe("what the policy says of a topic", () => {
  test("a publication that it refuses goes nowhere", () => {
    const refusal = new Failure("invalid", "data: is needed");
    const underTest = createHub({
      policy: { check: ({ topic, data }) => (topic === "strict" && data === undefined ? refusal : null) },
    });
    const client = new Client(underTest);
    client.subscribe("strict");
    const request = { topic: "strict", event: "message", message: "m", store: true };
    expect(underTest.hub.publish(request)).toBe(refusal);
    expect(underTest.hub.publish({ ...request, store: false })).toBe(refusal);
    expect(underTest.hub.publish({ ...request, data: 1 })).toMatchObject({ offset: 1 });
    expect(publish(underTest, "other")).toMatchObject({ offset: 1 });
    underTest.scheduler.turn();
    expect(client.seen()).toEqual(["live()@0", 1]);
  });

  test("readers of a topic that gathers get all at one moment; who resumes meanwhile misses nothing", () => {
    const underTest = createHub({ policy: { flushMsOf: () => 10 } });
    const { hub, scheduler } = underTest;
    const [reader, behind, ahead] = [new Client(underTest), new Client(underTest), new Client(underTest)];
    reader.subscribe("t");
    const { epoch } = publish(underTest, "t", 3);
    scheduler.turn();
    expect([reader.seen(), hub.allHandedOver]).toEqual([["live()@0"], false]);
    behind.subscribe("t", { epoch, offset: 0 });
    ahead.subscribe("t", { epoch, offset: 2 });
    expect(ahead.results).toEqual([]);
    scheduler.advance(10);
    scheduler.turn();
    expect([reader.seen(), behind.seen(), ahead.seen()]).toEqual([
      [1, 2, 3],
      ["true()@0", 1, 2, 3],
      ["true(3)@3"],
    ]);
    expect(hub.allHandedOver).toBe(true);
  });

  test("gathering begins and ends with the policy, also for a topic that is read", () => {
    let flushMs = 0;
    const underTest = createHub({ policy: { flushMsOf: () => flushMs } });
    const { hub, scheduler } = underTest;
    const reader = new Client(underTest);
    reader.subscribe("t");
    for (const [next, before] of [
      [10, true],
      [0, false],
      [0, true],
    ] as const) {
      publish(underTest, "t");
      scheduler.turn();
      expect(hub.allHandedOver).toBe(before);
      scheduler.advance(10);
      flushMs = next;
      hub.policyChanged();
    }
    expect(reader.seen()).toEqual(["live()@0", 1, 2, 3]);
  });

  test("who reads a topic is counted or not, from its first reader to its last one", () => {
    let counts = false;
    const told: string[] = [];
    const underTest = createHub({
      policy: { countsReaders: (topic) => topic === "counted" || counts },
      hub: { tellsMembership: (topic) => told.push(topic) > 0 },
    });
    const { hub } = underTest;
    const alice = new Client(underTest, "alice");
    alice.subscribe("counted");
    alice.subscribe("t");
    expect([hub.presence("counted"), hub.presence("t")]).toMatchObject([
      { connections: 1 },
      { code: "forbidden", message: "It is not counted who reads this topic." },
    ]);
    expect(told).toEqual(["counted"]);
    counts = true;
    const bob = new Client(underTest, "bob");
    bob.subscribe("t");
    expect(hub.presence("t")).toMatchObject({ connections: 0 });
    alice.unsubscribe("t");
    bob.unsubscribe("t");
    expect(hub.presence("t")).toMatchObject({ connections: 0 });
    bob.subscribe("t");
    expect(hub.presence("t")).toMatchObject({ connections: 1 });
  });
});
