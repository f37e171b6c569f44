import { expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import type { PresenceNode } from "./presence-node.ts";
import { usePresence } from "./use-presence.ts";

const cluster = usePresence();

const connections = 10_000;
const pairsACall = 500;
const topicsACall = 128;
/** How much faster than usual presence works here. */
const speed = 4;
/** Keys, users and counts of a call that writes as much as one may. */
const argumentsMax = 2 + topicsACall * 4 + pairsACall * 2;

type Entry = readonly [topic: string, userId: string | null];

/** Everybody in the same rooms. */
const inRooms = (user: number): Entry[] =>
  ["chat", "notifications", "alerts"].map((topic): Entry => [topic, `u${user}`]);

/** Everybody in one room, in a topic of their own, and under their name. */
const onTheirOwn = (user: number): Entry[] => [
  ["chat", `u${user}`],
  [`user:u${user}`, `u${user}`],
  [`/u${user}`, null],
];

function enterAll({ presence }: PresenceNode, entriesOf: (user: number) => Entry[]): void {
  for (let user = 0; user < connections; user++) {
    for (const [topic, userId] of entriesOf(user)) presence.enter(topic, userId);
  }
}

async function untilWritten({ keys }: PresenceNode, rooms: readonly string[], topics: number): Promise<void> {
  for (const room of rooms) {
    const fields = async () => Number(await cluster.redis.cli("HLEN", keys.presence(room)));
    await until(async () => (await fields()) === connections + 1, 5000, "all in the room");
  }
  // The directory is a key as well.
  const isThere = async () => Number(await cluster.redis.cli("DBSIZE")) === topics + 1;
  await until(isThere, 5000, "all topics");
}

for (const { name, entriesOf, rooms, topics } of [
  { name: "in three rooms", entriesOf: inRooms, rooms: ["chat", "notifications", "alerts"], topics: 3 },
  { name: "in topics of their own", entriesOf: onTheirOwn, rooms: ["chat"], topics: 2 * connections + 1 },
]) {
  test(`10,000 connections ${name} are written, and written anew, in few calls, one at a time`, async () => {
    await cluster.redis.cli("FLUSHALL");
    const [node] = await cluster.start(1, { beatEveryMs: 500, deadAfterMs: 4000, speed });
    const expected = (3 * connections) / pairsACall + topics / topicsACall;
    const judgeWrites = (callsMax: number) => {
      const writes = node!.calls.get("presence-write")!;
      expect(writes.calls).toBeGreaterThan(0);
      expect(writes.calls).toBeLessThanOrEqual(callsMax);
      expect(writes.argumentsMax).toBeLessThanOrEqual(argumentsMax);
      expect(writes.atOnceMax).toBe(1);
      node!.calls.clear();
    };

    enterAll(node!, entriesOf);
    await untilWritten(node!, rooms, topics);
    judgeWrites(expected * 1.2 + 3);

    // Looking after it: all topics in a round of 30 seconds, some of them each second.
    const seconds = 8;
    await Bun.sleep((seconds * 1000) / speed);
    const renewals = node!.calls.get("presence-renew")!;
    const renewalsExpected = seconds * Math.ceil(topics / 30 / 100);
    expect(renewals.calls).toBeGreaterThan(renewalsExpected / 2);
    expect(renewals.calls).toBeLessThan(renewalsExpected * 1.5);
    expect(renewals.argumentsMax).toBeLessThanOrEqual(3 + 2 * 100);
    expect(renewals.atOnceMax).toBe(1);
    expect(node!.calls.has("presence-write")).toBe(false);

    // Who is in the room is read in parts, once for all who ask.
    await Promise.all(Array.from({ length: 500 }, () => node!.presence.presence("chat")));
    expect(node!.calls.get("HSCAN")!.calls).toBeLessThanOrEqual((connections / 500) * 1.5);

    node!.calls.clear();
    await cluster.redis.cli("FLUSHALL");
    await untilWritten(node!, rooms, topics);
    // What is looked at while it is being written anew may be written once more.
    judgeWrites(expected * 1.5 + 3);

    await node!.close();
    expect(await cluster.redis.cli("DBSIZE")).toBe("1");
    judgeWrites(expected * 1.2 + 3);
  }, 30_000);
}
