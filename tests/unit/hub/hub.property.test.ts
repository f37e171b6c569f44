import { describe, test } from "bun:test";
import fc from "fast-check";
import { AsyncBroker, turnsWire } from "../../support/async-broker.ts";
import {
  clientNames,
  keys,
  publicationBytesMax,
  type Since,
  type Step,
  topics,
  World,
} from "./model/world.ts";

const topic = fc.constantFrom(...topics);
const client = fc.constantFrom(...clientNames);

const since: fc.Arbitrary<Since> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Since>({ from: "live" }) },
  { weight: 3, arbitrary: fc.constant<Since>({ from: "last" }) },
  {
    weight: 5,
    arbitrary: fc.record({ from: fc.constant("top" as const), distance: fc.integer({ min: -14, max: 1 }) }),
  },
  { weight: 4, arbitrary: fc.constant<Since>({ from: "top", distance: 0 }) },
  { weight: 1, arbitrary: fc.constant<Since>({ from: "elsewhere" }) },
);

const publish = (bytes: fc.Arbitrary<number>, count: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant("publish" as const),
    topic,
    bytes,
    count,
    stored: fc.oneof(
      { weight: 4, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    key: fc.option<string>(fc.constantFrom(...keys), { freq: 4 }),
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: publish(fc.nat(200), fc.integer({ min: 1, max: 4 })) },
  {
    weight: 3,
    arbitrary: publish(
      fc.integer({ min: 200_000, max: publicationBytesMax }),
      fc.integer({ min: 1, max: 6 }),
    ),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("subscribe" as const), client, topic, since }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unsubscribe" as const), client, topic }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("disconnect" as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reconnect" as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("history" as const), topic }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("clear" as const), topic }) },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: "turn" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(30_000) }) },
);

const history = fc.array(step, { minLength: 1, maxLength: 60, size: "max" });

/** Turns that a run may take to come to rest. */
const turnsMax = 1000;

describe("whatever happens: one order, no hole without a break, no duplicate, and recovered tells the truth", () => {
  test("with a broker that answers in place", () => {
    fc.assert(
      fc.property(history, (steps) => {
        const world = new World();
        for (const next of steps) world.run(next);
        for (let turns = 0; world.isBusy && turns < turnsMax; turns++) {
          world.run(world.isMoving ? { kind: "turn" } : { kind: "wait", ms: 10 });
        }
        // One more than it takes: the last turn writes to the sockets.
        world.run({ kind: "turn" });
        world.judgeEnd();
      }),
      { numRuns: 250, includeErrorInReport: true },
    );
  });

  test("with a broker that answers later, and tells of what is published when it likes", async () => {
    const latencies = fc.array(fc.nat(4), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(history, latencies, async (steps, turns) => {
        let broker: AsyncBroker | undefined;
        const world = new World((create, sink, { scheduler }) => {
          let count = 0;
          const wire = () => turnsWire(scheduler, () => turns[count++ % turns.length]!);
          broker = new AsyncBroker(create, sink, { calls: wire(), answers: wire(), news: wire() });
          return broker;
        });
        const runThen = async (next: Step) => {
          world.run(next);
          // What the turn answered is taken up in a microtask.
          await new Promise(setImmediate);
        };
        for (const next of steps) {
          // Everything arrives long before a timer runs out.
          for (let count = 0; next.kind === "wait" && world.isMoving && count < turnsMax; count++)
            await runThen({ kind: "turn" });
          await runThen(next);
        }
        for (let count = 0; world.isBusy && count < turnsMax; count++) {
          // Who waits for a position that nobody has gives up after a while.
          const ms = count % 100 === 99 ? 2000 : 10;
          await runThen(world.isMoving && ms === 10 ? { kind: "turn" } : { kind: "wait", ms });
        }
        await runThen({ kind: "turn" });
        world.judgeEnd();
        if (broker!.followed > 0) throw new Error(`${broker!.followed} topics are still followed`);
      }),
      { numRuns: 100, includeErrorInReport: true },
    );
  });
});
