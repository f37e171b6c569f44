import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KeptPublications } from "../../../src/broker/kept-publications.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "../../../src/broker/memory.ts";
import type { HistoryPage, PublishOutcome } from "../../../src/broker/port.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { Publication, PublishRequest } from "../../../src/core/publication.ts";
import { RecordingSink } from "../../contract/broker/recording-sink.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { publicationAt } from "../hub/publications.ts";

const offsetsOf = (publications: readonly Publication[]) => publications.map(({ offset }) => offset);

describe("kept publications", () => {
  function keep(count: number, offsets: readonly number[], epoch = "e"): KeptPublications {
    const kept = new KeptPublications({ chat: { count, inHistory: true } });
    for (const offset of offsets) kept.add("chat", epoch, publicationAt(offset));
    return kept;
  }
  const everything = { topic: "chat", limit: 1000, bytesMax: 1_000_000 };

  test("are the last ones, oldest first: the first in is the first out", () => {
    const kept = keep(3, [1, 2, 3, 4, 5]);
    expect(kept.of("chat").map(({ epoch, publication }) => [epoch, publication.offset])).toEqual([
      ["e", 3],
      ["e", 4],
      ["e", 5],
    ]);
  });

  test("of topics that keep none there are none", () => {
    const kept = keep(0, [1, 2]);
    kept.add("news", "e", publicationAt(1));
    for (const topic of ["chat", "news", "__proto__", "constructor"]) {
      expect(kept.of(topic)).toEqual([]);
      expect(kept.has(topic)).toBe(false);
      expect(kept.clear(topic)).toBe(false);
    }
  });

  test("are gone when cleared, and kept anew", () => {
    const kept = keep(3, [1, 2]);
    expect(kept.has("chat")).toBe(true);
    expect(kept.clear("chat")).toBe(true);
    expect(kept.clear("chat")).toBe(false);
    expect(kept.has("chat")).toBe(false);
    kept.add("chat", "f", publicationAt(1));
    expect(kept.of("chat")).toHaveLength(1);
  });

  test("make a page of history: the newest, within a number and bytes, in either order", () => {
    const kept = keep(4, [1, 2, 3, 4, 5]);
    const top = { epoch: "e", offset: 5 };
    expect(offsetsOf(kept.newest(everything, top))).toEqual([2, 3, 4, 5]);
    expect(offsetsOf(kept.newest({ ...everything, reverse: true }, top))).toEqual([5, 4, 3, 2]);
    expect(offsetsOf(kept.newest({ ...everything, limit: 2 }, top))).toEqual([4, 5]);
    expect(kept.newest({ ...everything, limit: 0 }, top)).toEqual([]);
    const { bytes } = publicationAt(5);
    expect(offsetsOf(kept.newest({ ...everything, bytesMax: 2 * bytes }, top))).toEqual([4, 5]);
    expect(offsetsOf(kept.newest({ ...everything, bytesMax: 2 * bytes - 1 }, top))).toEqual([5]);
    expect(offsetsOf(kept.newest({ ...everything, bytesMax: 1 }, top))).toEqual([5]);
  });

  test("make no page where the topic's history is not read from them", () => {
    const kept = new KeptPublications({ chat: { count: 3, inHistory: false } });
    kept.add("chat", "e", publicationAt(1));
    expect(kept.newest(everything, { epoch: "e", offset: 1 })).toEqual([]);
    expect(kept.of("chat")).toHaveLength(1);
  });

  test("a page never shows another epoch or hides a hole, whatever was kept", () => {
    const step = fc.record({ keeps: fc.boolean(), restarts: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), (steps, count) => {
        const kept = keep(count, []);
        let top = { epoch: "e0", offset: 0 };
        let run: number[] = [];
        for (const [index, { keeps, restarts }] of steps.entries()) {
          if (restarts === 0) [top, run] = [{ epoch: `e${index}`, offset: 0 }, []];
          top = { ...top, offset: top.offset + 1 };
          if (keeps) kept.add("chat", top.epoch, publicationAt(top.offset));
          run = keeps ? [...run, top.offset].slice(-count) : [];
        }
        expect(offsetsOf(kept.newest(everything, top))).toEqual(run);
      }),
    );
  });
});

describe("the memory broker's kept publications", () => {
  const ageMs = 60_000;
  const dayMs = 24 * 3600_000;

  function start(options: Partial<MemoryBrokerOptions> = {}) {
    const ports = createFakePorts();
    const sink = new RecordingSink();
    const log = { size: 1000, ageMs, bytes: 1_000_000, keyAgeMs: ageMs, keysMax: 1000 };
    const kept = { chat: { count: 5, inHistory: true }, notifications: { count: 2, inHistory: false } };
    const broker = new MemoryBroker(
      { boundsOf: () => log, historyBytesMax: 1_000_000, topicsMax: 100, kept, ...options },
      sink,
      ports,
    );
    const publish = (topic: string, more: Partial<PublishRequest> = {}): PublishOutcome => {
      ports.clock.nowMs++;
      const outcome = broker.publish({ topic, event: "echo", message: "m", store: true, ...more });
      if (outcome instanceof Failure || outcome === null) throw new Error("it got no position");
      return outcome;
    };
    const history = (topic: string, more: object = {}): HistoryPage => {
      const page = broker.history({ topic, limit: 100, bytesMax: 1_000_000, ...more });
      if (page instanceof Failure) throw new Error(page.message);
      return page;
    };
    const offsets = (topic: string, more: object = {}) => offsetsOf(history(topic, more).publications);
    const keptOffsets = (topic: string) => broker.kept(topic).map(({ publication }) => publication.offset);
    return { ...ports, broker, sink, publish, history, offsets, keptOffsets };
  }

  test("are those that were stored, once each, and not the ones that were not to be kept", () => {
    const { broker, publish, keptOffsets } = start();
    publish("chat", { key: "k" });
    publish("chat", { key: "k" });
    broker.publish({ topic: "chat", event: "typing", message: "…", store: false });
    publish("chat", { keep: false });
    publish("chat");
    publish("news");
    expect(keptOffsets("chat")).toEqual([1, 3]);
    expect(keptOffsets("news")).toEqual([]);
  });

  test("are in the history when the ring holds them no more, whatever their age", () => {
    const { scheduler, publish, history, offsets } = start();
    for (let count = 0; count < 7; count++) publish("chat");
    expect(offsets("chat")).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const { epoch } = history("chat");
    scheduler.advance(3 * dayMs);
    expect(history("chat")).toMatchObject({ epoch, offset: 7 });
    expect(offsets("chat")).toEqual([3, 4, 5, 6, 7]);
    expect(offsets("chat", { reverse: true })).toEqual([7, 6, 5, 4, 3]);
    expect(offsets("chat", { limit: 2 })).toEqual([6, 7]);
    expect(offsets("chat", { limit: 0 })).toEqual([]);
    publish("chat");
    expect(offsets("chat")).toEqual([4, 5, 6, 7, 8]);
  });

  test("do not hide what the ring holds beyond them", () => {
    const { publish, offsets } = start({ kept: { chat: { count: 2, inHistory: true } } });
    for (let count = 0; count < 6; count++) publish("chat");
    expect(offsets("chat")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(offsets("chat", { limit: 3 })).toEqual([4, 5, 6]);
  });

  test("do not answer what follows a position: that is read from the ring alone", () => {
    const { scheduler, publish, offsets } = start();
    const { epoch } = publish("chat");
    for (let count = 0; count < 3; count++) publish("chat");
    scheduler.advance(ageMs);
    publish("chat");
    expect(offsets("chat")).toEqual([1, 2, 3, 4, 5]);
    expect(offsets("chat", { since: { epoch, offset: 1 } })).toEqual([5]);
    expect(offsets("chat", { since: { epoch: "another", offset: 1 } })).toEqual([5]);
  });

  test("are not in the history of a topic whose rule says so", () => {
    const { scheduler, publish, offsets, keptOffsets } = start();
    publish("notifications");
    scheduler.advance(ageMs);
    expect(offsets("notifications")).toEqual([]);
    expect(keptOffsets("notifications")).toEqual([1]);
  });

  test("neither shorten nor lengthen a resume", () => {
    const { broker, scheduler, publish } = start();
    const view = broker.follow("chat");
    if (view instanceof Failure) throw new Error(view.message);
    for (let count = 0; count < 9; count++) publish("chat");
    expect(view.range(0, 9, 100, 1_000_000)).toHaveLength(9);
    scheduler.advance(2 * ageMs);
    expect(view.range(8, 9, 100, 1_000_000)).toBeNull();
  });

  test("keep their topic known, in its epoch, until they are cleared", () => {
    const { broker, scheduler, publish } = start();
    const { epoch } = publish("chat");
    publish("news");
    scheduler.advance(3 * dayMs);
    expect(broker.describe("news")).toBeNull();
    expect(broker.describe("chat")).toEqual({ topic: "chat", epoch, offset: 1 });
    expect(publish("chat")).toMatchObject({ epoch, offset: 2 });
    expect(broker.clearHistory("chat")).toBe(true);
    expect(broker.kept("chat")).toEqual([]);
    expect(publish("chat").epoch).not.toBe(epoch);
  });

  test("let their topic go last when all rings are beyond their bound", () => {
    const { broker, publish } = start({ historyBytesMax: 100_000 });
    const large = { message: "x".repeat(10_000) };
    const { epoch } = publish("chat", large);
    for (let number = 0; number < 30; number++) publish(`news${number}`, large);
    expect(broker.usage().historyBytes).toBeLessThanOrEqual(100_000);
    expect(broker.describe("news0")).toBeNull();
    expect(broker.describe("chat")).toEqual({ topic: "chat", epoch, offset: 1 });
  });

  test("outlive their epoch, but are not shown in the history of another", () => {
    const { broker, publish, offsets, keptOffsets } = start({ historyBytesMax: 30_000 });
    for (let count = 0; count < 2; count++) publish("chat", { message: "x".repeat(10_000) });
    publish("news", { message: "x".repeat(20_000) });
    expect(broker.describe("chat")).toBeNull();
    expect(keptOffsets("chat")).toEqual([1, 2]);
    expect(offsets("chat")).toEqual([]);
    publish("chat");
    expect(keptOffsets("chat")).toEqual([1, 2, 1]);
    expect(offsets("chat")).toEqual([1]);
  });

  test("can be cleared although their topic is unknown", () => {
    const { broker, publish } = start({ historyBytesMax: 30_000 });
    publish("chat", { message: "x".repeat(20_000) });
    publish("news", { message: "x".repeat(20_000) });
    expect(broker.describe("chat")).toBeNull();
    expect(broker.clearHistory("chat")).toBe(true);
    expect(broker.clearHistory("chat")).toBe(false);
    expect(broker.kept("chat")).toEqual([]);
  });
});
