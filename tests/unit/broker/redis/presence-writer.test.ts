import { expect, test } from "bun:test";
import type { PresenceStore, TopicCounts, Written } from "../../../../src/broker/redis/presence-store.ts";
import { PresenceWriter } from "../../../../src/broker/redis/presence-writer.ts";
import { PresenceTable } from "../../../../src/hub/presence.ts";
import { createFakePorts } from "../../../support/fake-ports.ts";

/** Writes that a test answers by hand. */
class FakeStore {
  readonly writes: { topics: readonly TopicCounts[]; answer: (failed?: number[]) => Promise<void> }[] = [];

  write(topics: readonly TopicCounts[]): Promise<Written> {
    const { promise, resolve } = Promise.withResolvers<Written>();
    this.writes.push({
      topics,
      answer: async (failed = []) => {
        resolve({ failed, met: [] });
        await Bun.sleep(0);
      },
    });
    return promise;
  }

  /** What the last write says: `t 2: alice 1`. */
  get last(): string[] {
    return (this.writes.at(-1)?.topics ?? []).map(({ topic, connections, members, channel }) => {
      const counts = members.map(([userId, count]) => `${userId} ${count}`).join(", ");
      return `${topic} ${connections}: ${counts}${channel === "" ? " (quiet)" : ""}`;
    });
  }
}

function setUp() {
  const { scheduler } = createFakePorts();
  const table = new PresenceTable();
  const store = new FakeStore();
  const state = { mayWrite: true };
  const writer = new PresenceWriter(table, {
    store: store as unknown as PresenceStore,
    scheduler,
    mayWrite: () => state.mayWrite,
    channelOf: (topic) => `channel of ${topic}`,
    onMet: () => {},
  });
  const change = (kind: "enter" | "leave", topic: string, userId: string | null) => {
    table[kind](topic, userId);
    writer.mark(topic, userId);
  };
  return { scheduler, store, writer, state, change };
}

test("what changes is gathered, and written with the counts at that time", () => {
  const { scheduler, store, change } = setUp();
  for (const userId of ["alice", "alice", "bob", null]) change("enter", "t", userId);
  change("leave", "t", "bob");
  scheduler.advance(199);
  expect(store.writes).toEqual([]);
  scheduler.advance(1);
  expect(store.last).toEqual(["t 3: alice 2, bob 0"]);
});

test("what changes during a write is written after it, once it was answered", async () => {
  const { scheduler, store, change } = setUp();
  change("enter", "t", "alice");
  scheduler.advance(200);
  change("leave", "t", "alice");
  scheduler.advance(1000);
  expect(store.writes.length).toBe(1);
  await store.writes[0]!.answer();
  expect(store.last).toEqual(["t 0: alice 0"]);
});

test("nothing is written before the others know of the node", () => {
  const { scheduler, store, state, writer, change } = setUp();
  state.mayWrite = false;
  change("enter", "t", "alice");
  scheduler.advance(5000);
  expect(store.writes).toEqual([]);
  state.mayWrite = true;
  writer.restore(false);
  expect(store.last).toEqual(["t 1: alice 1"]);
});

test("what fails is tried again a second later, and what may be overtaken is repeated", async () => {
  const { scheduler, store, writer, change } = setUp();
  change("enter", "t", "alice");
  change("enter", "u", "bob");
  scheduler.advance(200);
  await store.writes[0]!.answer([1]);
  expect([writer.isSettled("t"), writer.isSettled("u")]).toEqual([true, false]);
  scheduler.advance(999);
  expect(store.writes.length).toBe(1);
  change("leave", "u", "bob");
  scheduler.advance(1);
  expect(store.last).toEqual(["u 0: bob 0"]);
  await store.writes[1]!.answer();
  scheduler.advance(200);
  await store.writes[2]!.answer();
  expect(writer.isSettled("u")).toBe(true);
  writer.repeatUncertain();
  expect(store.last).toEqual(["u 0: bob 0"]);
  await store.writes[3]!.answer();
  writer.repeatUncertain();
  expect(store.writes.length).toBe(4);
});

test("a quiet restoration tells nobody, and leaves those alone who have just come", async () => {
  const { scheduler, store, writer, change } = setUp();
  change("enter", "t", "alice");
  scheduler.advance(200);
  await store.writes[0]!.answer();
  change("enter", "t", "bob");
  writer.restore(true);
  expect(store.last).toEqual(["t 2: alice 1 (quiet)"]);
  await store.writes[1]!.answer([0]);
  scheduler.advance(200);
  expect(store.last).toEqual(["t 2: bob 1"]);
  await store.writes[2]!.answer();
  scheduler.advance(800);
  expect(store.last).toEqual(["t 2: alice 1, bob 1 (quiet)"]);
});

test("what failed is told before a quiet restoration hides it", async () => {
  const { scheduler, store, writer, change } = setUp();
  change("enter", "t", "alice");
  scheduler.advance(200);
  await store.writes[0]!.answer([0]);
  writer.restore(true);
  expect(store.last).toEqual(["t 1: alice 1"]);
});

test("what changed is written before what is written anew", async () => {
  const { scheduler, store, state, writer, change } = setUp();
  for (let user = 0; user < 600; user++) change("enter", "t", `u${user}`);
  state.mayWrite = false;
  scheduler.advance(200);
  for (let user = 0; user < 590; user++) change("leave", "t", `u${user}`);
  scheduler.advance(200);
  state.mayWrite = true;
  writer.restore(true);
  const channels: string[] = [];
  for (let write = 0; write < store.writes.length; write++) {
    channels.push(store.writes[write]!.topics[0]!.channel);
    await store.writes[write]!.answer();
  }
  expect(channels).toEqual(["channel of t", "channel of t", ""]);
  expect(store.writes[2]!.topics[0]!.members.length).toBe(10);
});

test("changes beyond what is held bring a restoration of everything", async () => {
  const { scheduler, store, state, writer, change } = setUp();
  state.mayWrite = false;
  for (let user = 0; user < 500_010; user++) {
    const topic = user % 2 === 0 ? "t" : "u";
    change("enter", topic, `u${user}`);
    if (user > 100) change("leave", topic, `u${user}`);
  }
  change("enter", "late", "alice");
  state.mayWrite = true;
  scheduler.advance(200);
  const topics = new Set<string>();
  for (let write = 0; write < store.writes.length; write++) {
    for (const { topic } of store.writes[write]!.topics) topics.add(topic);
    void store.writes[write]!.answer();
    for (let turn = 0; turn < 10; turn++) await null;
  }
  expect([...topics].sort()).toEqual(["late", "t", "u"]);
  expect(writer.isSettled("late")).toBe(true);
});

test("leaving writes that nobody is there, and resolves when that is known", async () => {
  const { scheduler, store, writer, change } = setUp();
  change("enter", "t", "alice");
  change("enter", "u", null);
  scheduler.advance(200);
  await store.writes[0]!.answer();
  change("enter", "t", "bob");
  let left = false;
  const leaving = writer.leave().then(() => {
    left = true;
  });
  expect(store.last).toEqual(["t 0: bob 0"]);
  await store.writes[1]!.answer();
  expect(store.last).toEqual(["t 0: alice 0, bob 0", "u 0: "]);
  expect(left).toBe(false);
  await store.writes[2]!.answer();
  await leaving;
  expect(scheduler.timers).toBe(0);
});
