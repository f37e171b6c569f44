import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Scheduler } from "../../../src/core/ports.ts";
import { Outbox, type OutboxPorts } from "../../../src/hub/outbox.ts";
import { Topic } from "../../../src/hub/topic.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { largePublication, publicationAt } from "./publications.ts";

const mebibyte = 1024 * 1024;

function createOutbox(scheduler: Scheduler, ports: Partial<OutboxPorts>): Outbox {
  const nothing = () => {};
  return new Outbox({ scheduler, hand: nothing, advanced: nothing, overflowed: nothing, ...ports }, mebibyte);
}

function start() {
  const { scheduler } = createFakePorts();
  const topic = new Topic("t", ["json"]);
  const turns: number[][] = [[]];
  const advances: number[] = [];
  const outbox = createOutbox(scheduler, {
    hand: (_topic, publication) => turns.at(-1)!.push(publication.offset),
    advanced: (advanced) => advances.push(advanced.handed),
  });
  const turn = () => {
    // The outbox goes on after the sockets were written to, in the next turn.
    scheduler.onFlush = () => turns.push([]);
    scheduler.turn();
  };
  return { scheduler, topic, outbox, turns, advances, turn };
}

const sizeOfAll = (offsets: readonly number[], bytes: number) => offsets.length * bytes;

describe("outbox", () => {
  test("what is within the turn's bytes passes straight through, and schedules nothing", () => {
    const { scheduler, topic, outbox, turns } = start();
    for (let offset = 1; offset <= 100; offset++) outbox.push(topic, publicationAt(offset));
    expect(turns[0]).toHaveLength(100);
    expect(topic.handed).toBe(100);
    expect(scheduler.isBusy).toBe(false);
    expect(outbox.isIdle).toBe(true);
  });

  test("a burst is handed over at 1 MiB a turn, in order", () => {
    const { topic, outbox, turns, turn, advances } = start();
    const bytes = 100_000;
    for (let offset = 1; offset <= 50; offset++) outbox.push(topic, largePublication(offset, bytes));
    expect(outbox.isIdle).toBe(false);
    for (let count = 0; count < 6; count++) turn();
    expect(turns.flat()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    for (const offsets of turns.slice(0, 4)) {
      expect(sizeOfAll(offsets, bytes)).toBeGreaterThan(0.9 * mebibyte);
      expect(sizeOfAll(offsets, bytes)).toBeLessThan(mebibyte + bytes);
    }
    expect(topic.deferred).toEqual([]);
    expect(topic.deferredBytes).toBe(0);
    expect(outbox.isIdle).toBe(true);
    expect(advances.at(-1)).toBe(50);
  });

  test("nothing overtakes what waits, neither in this turn nor in the next", () => {
    const { topic, outbox, turns, turn } = start();
    for (let offset = 1; offset <= 15; offset++) outbox.push(topic, largePublication(offset, 100_000));
    outbox.push(topic, publicationAt(16));
    expect(turns[0]!.at(-1)).toBeLessThan(15);
    turn();
    outbox.push(topic, publicationAt(17));
    turn();
    expect(turns.flat()).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
  });

  test("topics are paced each for itself", () => {
    const { outbox, topic, turns } = start();
    const other = new Topic("other", ["json"]);
    for (let offset = 1; offset <= 15; offset++) outbox.push(topic, largePublication(offset, 100_000));
    outbox.push(other, publicationAt(99));
    expect(turns[0]!.at(-1)).toBe(99);
    expect(other.handed).toBe(99);
  });

  test("small publications over a long time are not held up by what was sent in earlier turns", () => {
    const { topic, outbox, turns, turn } = start();
    for (let offset = 1; offset <= 30; offset++) {
      outbox.push(topic, largePublication(offset, 100_000));
      turn();
    }
    expect(turns.slice(0, 30).map(({ length }) => length)).toEqual(new Array(30).fill(1));
  });

  test("one that is larger than a turn goes alone", () => {
    const { topic, outbox, turns, turn } = start();
    for (let offset = 1; offset <= 3; offset++) outbox.push(topic, largePublication(offset, 2 * mebibyte));
    turn();
    turn();
    expect(turns.slice(0, 3)).toEqual([[1], [2], [3]]);
  });

  test("finishing fills the turn and gives up the rest", () => {
    const { topic, outbox, turns, turn } = start();
    for (let offset = 1; offset <= 30; offset++) outbox.push(topic, largePublication(offset, 100_000));
    outbox.finish(topic);
    turn();
    turn();
    expect(turns.flat().length).toBe(11);
    expect(topic.deferredBytes).toBe(0);
    outbox.push(topic, publicationAt(31));
    expect(turns.flat().at(-1)).toBe(31);
  });

  test("a topic that nobody reads any more is dropped", () => {
    const { topic, outbox, turns, turn, scheduler } = start();
    for (let offset = 1; offset <= 30; offset++) outbox.push(topic, largePublication(offset, 100_000));
    outbox.drop(topic);
    const handed = turns.flat().length;
    turn();
    turn();
    expect(turns.flat().length).toBe(handed);
    expect(scheduler.isBusy).toBe(false);
    expect(outbox.isIdle).toBe(true);
  });

  test("is full when 64 MiB wait, and no longer when they are on their way", () => {
    const { topic, outbox, turn } = start();
    let offset = 0;
    while (!outbox.isFull(topic) && offset < 1000)
      outbox.push(topic, largePublication(++offset, mebibyte / 2));
    expect(topic.deferredBytes).toBeGreaterThanOrEqual(64 * mebibyte);
    expect(offset).toBeLessThan(135);
    turn();
    expect(outbox.isFull(topic)).toBe(false);
    expect(outbox.isFull(undefined)).toBe(false);
  });

  test("of all topics together twice as much waits; then those are full of which something waits", () => {
    const { outbox, turn } = start();
    const topics = Array.from({ length: 10 }, (_, number) => new Topic(`t${number}`, ["json"]));
    const quiet = new Topic("quiet", ["json"]);
    let offset = 0;
    while (topics.some((topic) => !outbox.isFull(topic)) && offset < 3000) {
      offset++;
      for (const topic of topics) {
        if (!outbox.isFull(topic)) outbox.push(topic, largePublication(offset, mebibyte / 2));
      }
    }
    const waiting = () => topics.reduce((sum, { deferredBytes }) => sum + deferredBytes, 0);
    expect(waiting()).toBeWithin(128 * mebibyte, 130 * mebibyte);
    expect(outbox.isFull(quiet)).toBe(false);
    turn();
    expect(topics.some((topic) => outbox.isFull(topic))).toBe(false);
    for (const topic of topics) outbox.drop(topic);
    const { length } = topics.filter((topic) => {
      outbox.push(topic, largePublication(++offset, 2 * mebibyte));
      outbox.push(topic, largePublication(++offset, mebibyte));
      return !outbox.isFull(topic);
    });
    expect(length).toBe(10);
  });

  test.each([
    ["of one topic twice its bound", 1, 128],
    ["of all topics twice their bound", 5, 256],
  ])(
    "what is pushed all the same is given up: %s, then the topic goes on after its last one",
    (_, count, mebibytes) => {
      const { scheduler } = createFakePorts();
      const topics = Array.from({ length: count }, (_, number) => new Topic(`t${number}`, ["json"]));
      const waiting = () => topics.reduce((sum, { deferredBytes }) => sum + deferredBytes, 0);
      const overflows: unknown[] = [];
      const outbox = createOutbox(scheduler, {
        overflowed(topic, reached) {
          const before = waiting();
          outbox.finish(topic);
          overflows.push({ reached, before, left: topic.deferred.length });
        },
      });
      let offset = 0;
      while (overflows.length === 0 && offset < 1000) {
        offset++;
        for (const topic of topics) {
          if (overflows.length === 0) outbox.push(topic, largePublication(offset, mebibyte / 2));
          if (overflows.length === 0) outbox.push(topic, publicationAt(0));
        }
      }
      const before = expect.closeTo(mebibytes * mebibyte, -6);
      expect(overflows).toEqual([{ reached: offset, before, left: 0 }]);
      outbox.push(topics[0]!, publicationAt(offset + 1));
      for (const topic of topics) expect(topic.deferredBytes).toBeLessThan(128 * mebibyte);
    },
  );

  test("a topic whose last reader falls out while it is handed over leaves nothing behind", () => {
    const { scheduler } = createFakePorts();
    const topic = new Topic("t", ["json"]);
    const handed: number[] = [];
    const outbox = createOutbox(scheduler, {
      hand: (_topic, { offset }) => {
        handed.push(offset);
        if (offset === 5) outbox.drop(topic);
      },
    });
    for (let offset = 1; offset <= 8; offset++) outbox.push(topic, largePublication(offset, mebibyte / 2));
    scheduler.settle();
    expect(handed).toEqual([1, 2, 3, 4, 5]);
    expect([topic.deferredBytes, topic.deferred.length, outbox.isIdle]).toEqual([0, 0, true]);
  });

  test("unstored publications keep their place among the others", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ bytes: fc.nat(600_000), stored: fc.boolean(), turn: fc.boolean() })),
        (steps) => {
          const { scheduler, topic } = start();
          const handed: string[] = [];
          const outbox = createOutbox(scheduler, { hand: (_topic, { frame }) => handed.push(frame) });
          const pushed: string[] = [];
          let offset = 0;
          for (const { bytes, stored, turn } of steps) {
            const publication = largePublication(stored ? ++offset : 0, bytes);
            pushed.push(publication.frame);
            outbox.push(topic, publication);
            if (turn) scheduler.turn();
          }
          scheduler.settle();
          expect(handed.length).toBe(pushed.length);
          expect(handed.every((frame, index) => frame === pushed[index])).toBe(true);
          expect(topic.handed).toBe(offset);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("a topic that gathers", () => {
  function gathering(flushMs = 5) {
    const started = start();
    started.topic.flushMs = flushMs;
    const push = (from: number, to: number, topic = started.topic) => {
      for (let offset = from; offset <= to; offset++) started.outbox.push(topic, publicationAt(offset));
    };
    return { ...started, push };
  }

  test("hands over all at one moment, no later than its time after the first", () => {
    const { scheduler, topic, outbox, turns, push, advances } = gathering();
    push(1, 3);
    scheduler.advance(4);
    push(4, 5);
    expect(turns.flat()).toEqual([]);
    expect([topic.handed, outbox.isIdle]).toEqual([0, false]);
    scheduler.advance(1);
    expect(turns.flat()).toEqual([1, 2, 3, 4, 5]);
    expect([topic.handed, outbox.isIdle, topic.deferredBytes]).toEqual([5, true, 0]);
    expect(advances).toEqual([5]);
    push(6, 6);
    expect(turns.flat()).toHaveLength(5);
    scheduler.advance(5);
    expect(turns.flat()).toHaveLength(6);
  });

  test("shares its moment with other topics of the same time", () => {
    const { scheduler, turns, push } = gathering();
    const other = new Topic("other", ["json"]);
    const slow = new Topic("slow", ["json"]);
    other.flushMs = 5;
    slow.flushMs = 50;
    push(1, 1);
    push(20, 20, slow);
    scheduler.advance(3);
    push(11, 11, other);
    expect(scheduler.timers).toBe(2);
    scheduler.advance(2);
    expect(turns.flat()).toEqual([1, 11]);
    scheduler.advance(45);
    expect(turns.flat()).toEqual([1, 11, 20]);
  });

  test("does not wait when there is more than a turn may hand over", () => {
    const { topic, outbox, turns, turn, scheduler } = gathering(1000);
    for (let offset = 1; offset <= 50; offset++) outbox.push(topic, largePublication(offset, 100_000));
    for (let count = 0; count < 6; count++) turn();
    expect(turns.flat()).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    for (const offsets of turns) expect(sizeOfAll(offsets, 100_000)).toBeLessThan(mebibyte + 100_000);
    scheduler.advance(1000);
    expect([turns.flat().length, outbox.isIdle]).toEqual([50, true]);
  });

  test("that is dropped hands nothing over", () => {
    const { topic, outbox, turns, scheduler, push } = gathering();
    push(1, 3);
    outbox.drop(topic);
    scheduler.advance(5);
    expect(turns.flat()).toEqual([]);
    expect([topic.deferredBytes, outbox.isIdle]).toEqual([0, true]);
  });

  test("that is finished before a break hands over what there is", () => {
    const { topic, outbox, turns, push } = gathering();
    push(1, 3);
    outbox.finish(topic);
    expect(turns.flat()).toEqual([1, 2, 3]);
  });

  test("that gathers no more keeps the order", () => {
    const { topic, turns, scheduler, push } = gathering();
    push(1, 3);
    topic.flushMs = 0;
    push(4, 5);
    scheduler.advance(5);
    push(6, 6);
    expect(turns.flat()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("keeps the order whatever comes when", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), bytes: fc.integer({ min: 1, max: 700_000 }) }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant("flushMs" as const), ms: fc.constantFrom(0, 3, 7) }),
      fc.record({ kind: fc.constant("turn" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { topic, outbox, turns, turn, scheduler } = start();
        let offset = 0;
        for (const one of steps) {
          if (one.kind === "push") outbox.push(topic, largePublication(++offset, one.bytes));
          else if (one.kind === "advance") scheduler.advance(one.ms);
          else if (one.kind === "flushMs") topic.flushMs = one.ms;
          else turn();
        }
        for (let count = 0; count < 50 && !outbox.isIdle; count++) {
          scheduler.advance(10);
          turn();
        }
        expect(turns.flat()).toEqual(Array.from({ length: offset }, (_, index) => index + 1));
        expect([outbox.isIdle, topic.deferredBytes]).toEqual([true, 0]);
      }),
    );
  });
});
