import { expect, test } from "bun:test";
import type { NodeDirectory } from "../../../../src/broker/redis/node-directory.ts";
import type { PresenceStore, Renewed, TopicSweep } from "../../../../src/broker/redis/presence-store.ts";
import { PresenceUpkeep } from "../../../../src/broker/redis/presence-upkeep.ts";
import type { PresenceWriter } from "../../../../src/broker/redis/presence-writer.ts";
import { PresenceTable } from "../../../../src/hub/presence.ts";
import { createFakePorts } from "../../../support/fake-ports.ts";

type Renewal = Parameters<PresenceStore["renew"]>[0][number];

function setUp(topics: readonly string[]) {
  const { scheduler } = createFakePorts();
  const table = new PresenceTable();
  for (const topic of topics) table.enter(topic, "alice");
  const state = {
    renewals: [] as Renewal[],
    answer: { wrong: [], strangers: [] } as Renewed,
    sweeps: [] as string[],
    /** Parts that a sweep takes. */
    parts: 1,
    lost: new Set<string>(),
    live: new Set<string>(),
    unsettled: new Set<string>(),
    restored: [] as string[],
    isRegistered: true,
  };
  const store = {
    async renew(renewals: readonly Renewal[]) {
      state.renewals.push(...renewals);
      return state.answer;
    },
    async sweep(nodeId: string, sweeps: readonly TopicSweep[]) {
      state.sweeps.push(...sweeps.map(({ topic, cursor }) => `${nodeId} ${topic} ${cursor}`));
      return sweeps.flatMap((sweep) =>
        Number(sweep.cursor) + 1 < state.parts
          ? [{ ...sweep, cursor: String(Number(sweep.cursor) + 1) }]
          : [],
      );
    },
  };
  const directory = {
    get isRegistered() {
      return state.isRegistered;
    },
    ids: () => [...state.live],
    has: (nodeId: string) => state.live.has(nodeId),
    isLost: (nodeId: string) => state.lost.has(nodeId),
    judge: async () => true,
    beatNow: async () => true,
  };
  const writer = {
    isSettled: (topic: string) => !state.unsettled.has(topic),
    restoreTopics: (wrong: Iterable<string>) => state.restored.push(...wrong),
  };
  const upkeep = new PresenceUpkeep({
    table,
    store: store as unknown as PresenceStore,
    writer: writer as unknown as PresenceWriter,
    directory: directory as unknown as NodeDirectory,
    scheduler,
    channelOf: () => "",
  });
  /** Lets time pass, with what is done in it. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      scheduler.advance(Math.min(left, 100));
      await Bun.sleep(0);
    }
  };
  return { state, table, upkeep, pass };
}

const many = Array.from({ length: 300 }, (_, index) => `t${index}`);

test("all topics are looked at in a round of 30 seconds, each once", async () => {
  const { state, pass } = setUp(many);
  await pass(1000);
  expect(state.renewals.length).toBe(10);
  await pass(29_000);
  expect(state.renewals.map(({ topic }) => topic)).toEqual(many);
  await pass(1000);
  expect(state.renewals.slice(300).map(({ topic }) => topic)).toEqual(many.slice(0, 10));
});

test("topics that come and go do not keep a round from its end", async () => {
  const { state, table, pass } = setUp(many);
  for (let second = 0; second < 35; second++) {
    for (let index = 0; index < 50; index++) {
      table.enter(`new${second} ${index}`, "bob");
      if (second > 0) table.leave(`new${second - 1} ${index}`, "bob");
    }
    await pass(1000);
  }
  expect(state.renewals.filter(({ topic }) => topic === "t0").length).toBe(2);
});

test("a round is done in five seconds when a node was lost, and the next as usual", async () => {
  const { state, upkeep, pass } = setUp(many);
  await pass(15_000);
  state.renewals.length = 0;
  upkeep.hurry();
  await pass(5000);
  expect(state.renewals.map(({ topic }) => topic)).toEqual(many);
  state.renewals.length = 0;
  await pass(2000);
  expect(state.renewals.length).toBeLessThanOrEqual(20);
});

test("nothing is looked at while the others do not know of this node", async () => {
  const { state, pass } = setUp(["t"]);
  state.isRegistered = false;
  await pass(5000);
  expect(state.renewals).toEqual([]);
  state.isRegistered = true;
  await pass(1000);
  expect(state.renewals).toEqual([{ topic: "t", connections: 1 }]);
});

test("what is just changing is not compared; what is wrong is written anew", async () => {
  const { state, pass } = setUp(["t", "u"]);
  state.unsettled.add("t");
  state.answer = { wrong: ["u"], strangers: [] };
  await pass(1000);
  expect(state.renewals).toEqual([{ topic: "t", connections: null }]);
  await pass(1000);
  expect(state.renewals[1]).toEqual({ topic: "u", connections: 1 });
  expect(state.restored).toEqual(["u", "u"]);
});

test("nodes that are lost are swept, those that may still come are not", async () => {
  const { state, upkeep, pass } = setUp([]);
  state.lost.add("lost");
  state.live.add("live");
  await upkeep.meet([
    { topic: "t", nodeId: "lost" },
    { topic: "t", nodeId: "live" },
    { topic: "t", nodeId: "late" },
    { topic: "u", nodeId: "lost" },
  ]);
  await pass(100);
  expect(state.sweeps).toEqual(["lost t 0", "lost u 0"]);
});

test("a sweep goes on to its end, unless the node comes back", async () => {
  const { state, upkeep, pass } = setUp([]);
  state.lost.add("lost");
  state.parts = 3;
  await upkeep.meet([{ topic: "t", nodeId: "lost" }]);
  await pass(100);
  expect(state.sweeps).toEqual(["lost t 0", "lost t 1", "lost t 2"]);
  state.sweeps.length = 0;
  state.parts = 1000;
  const meeting = upkeep.meet([{ topic: "t", nodeId: "lost" }]);
  await meeting;
  state.lost.clear();
  await pass(100);
  expect(state.sweeps.length).toBeLessThan(5);
});
