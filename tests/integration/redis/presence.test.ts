import { expect, test } from "bun:test";
import { PresenceStore } from "../../../src/broker/redis/presence-store.ts";
import { Failure } from "../../../src/core/failure.ts";
import { userIdMax } from "../../../src/core/topic-name.ts";
import { until } from "../../support/until.ts";
import type { PresenceNode } from "./presence-node.ts";
import { usePresence } from "./use-presence.ts";

const cluster = usePresence();

/** Who is in a topic as a node sees it: `alice 2, bob 1; 4`. */
async function seenBy(node: PresenceNode, topic = "t"): Promise<string> {
  const presence = await node.presence.presence(topic);
  if (presence instanceof Failure) return presence.code;
  const members = [...presence.members].map(([userId, count]) => `${userId} ${count}`).sort();
  return `${members.join(", ")}; ${presence.connections}`;
}

async function untilSeen(nodes: readonly PresenceNode[], expected: string, topic = "t"): Promise<void> {
  for (const node of nodes) {
    let seen = "";
    await until(async () => {
      seen = await seenBy(node, topic);
      return seen === expected;
    }, 3000).catch(() => {});
    expect(seen).toBe(expected);
  }
}

/** The users that Redis knows in a topic. */
async function fieldsOf(node: PresenceNode, topic = "t"): Promise<string[]> {
  const fields = await cluster.redis.cli("HKEYS", node.keys.presence(topic));
  return fields
    .split("\n")
    .filter((field) => field !== "")
    .sort();
}

test("a user on two nodes is one member with two connections, who comes and leaves once", async () => {
  const [one, two] = await cluster.start(2);
  const told = await cluster.hear("t");
  one!.presence.enter("t", "alice");
  one!.presence.enter("t", null);
  await untilSeen([one!, two!], "alice 1; 2");
  two!.presence.enter("t", "alice");
  two!.presence.enter("t", "alice");
  await untilSeen([one!, two!], "alice 3; 4");
  one!.presence.leave("t", "alice");
  await untilSeen([one!, two!], "alice 2; 3");
  two!.presence.leave("t", "alice");
  two!.presence.leave("t", "alice");
  await untilSeen([one!, two!], "; 1");
  one!.presence.leave("t", null);
  await untilSeen([one!, two!], "; 0");
  expect(told).toEqual(["+alice", "-alice"]);
  expect(await cluster.redis.cli("EXISTS", one!.keys.presence("t"))).toBe("0");
});

test("a node knows its own members before it has told of them", async () => {
  const [one] = await cluster.start(1, { speed: 0.1 });
  one!.presence.enter("t", "alice");
  expect(await seenBy(one!)).toBe("alice 1; 1");
  one!.presence.leave("t", "alice");
  expect(await seenBy(one!)).toBe("; 0");
});

test("members of a node that has just started are seen before the next beat", async () => {
  const [one] = await cluster.start(1, { beatEveryMs: 60_000 });
  await one!.directory.beatNow();
  const [two] = await cluster.start(1, { beatEveryMs: 60_000 });
  expect(one!.directory.has(two!.id)).toBe(false);
  two!.presence.enter("t", "alice");
  await untilSeen([one!], "alice 1; 1");
});

test("nobody is told of members in topics that do not ask for it", async () => {
  const [one] = await cluster.start(1, { tellsMembership: (topic) => topic === "told" });
  const [quiet, told] = [await cluster.hear("quiet"), await cluster.hear("told")];
  for (const topic of ["quiet", "told"]) one!.presence.enter(topic, "alice");
  await until(() => told.length === 1, 1000, "the join");
  for (const topic of ["quiet", "told"]) one!.presence.leave(topic, "alice");
  await until(() => told.length === 2, 1000, "the leave");
  expect(told).toEqual(["+alice", "-alice"]);
  expect(quiet).toEqual([]);
});

test("no user id is taken for something else", async () => {
  const [one, two] = await cluster.start(2);
  const odd = [..."AZaz09_.:@|~=-"];
  const userIds = [
    ...odd,
    ...odd.map((character) => character.repeat(3)),
    `${one!.id}:1`,
    `${two!.id}:7`,
    `${one!.id}`,
    "a:1",
    "|=~@",
    "__proto__",
    "constructor",
    "x".repeat(userIdMax),
  ];
  const told = await cluster.hear("t");
  for (const userId of userIds) for (const node of [one!, two!]) node.presence.enter("t", userId);
  const all = [...userIds].sort();
  const expected = `${all
    .map((userId) => `${userId} 2`)
    .sort()
    .join(", ")}; ${2 * all.length}`;
  await untilSeen([one!, two!], expected);
  for (const userId of userIds) one!.presence.leave("t", userId);
  const half = `${all
    .map((userId) => `${userId} 1`)
    .sort()
    .join(", ")}; ${all.length}`;
  await untilSeen([one!, two!], half);
  for (const userId of userIds) two!.presence.leave("t", userId);
  await untilSeen([one!, two!], "; 0");
  await until(() => told.length === 2 * userIds.length, 1000, "all that is told");
  expect([...told].sort()).toEqual([...all.map((id) => `+${id}`), ...all.map((id) => `-${id}`)].sort());
});

test("a node that dies takes its members with it, who are told to leave once", async () => {
  const [dead, ...others] = await cluster.start(3);
  const told = await cluster.hear("t");
  for (const node of [dead!, ...others]) node.presence.enter("t", "everywhere");
  for (const userId of ["alice", "bob", null]) dead!.presence.enter("t", userId);
  others[0]!.presence.enter("t", "carol");
  await untilSeen(others, "alice 1, bob 1, carol 1, everywhere 3; 7");
  await dead!.kill();
  await untilSeen(others, "carol 1, everywhere 2; 3");
  await until(() => told.length >= 6, 3000, "the leaves");
  await Bun.sleep(200);
  expect([...told].sort()).toEqual(["+alice", "+bob", "+carol", "+everywhere", "-alice", "-bob"]);
  expect(await fieldsOf(others[0]!)).toEqual(["carol", "everywhere"]);
});

test("a dead node with a thousand members is taken out in parts, by two nodes at once", async () => {
  const [dead, ...others] = await cluster.start(3);
  const told = await cluster.hear("t");
  const userIds = Array.from({ length: 2000 }, (_, index) => `user${index}`);
  for (const userId of userIds) dead!.presence.enter("t", userId);
  for (const node of others) node.presence.enter("t", "stays");
  await until(() => told.length === 2001, 3000, "the joins");
  told.length = 0;
  await dead!.kill();
  await untilSeen(others, "stays 2; 2");
  await until(() => told.length >= 2000, 3000, "the leaves");
  await Bun.sleep(200);
  expect([...told].sort()).toEqual(userIds.map((userId) => `-${userId}`).sort());
  const parts = others.map(({ calls }) => calls.get("presence-sweep")?.calls ?? 0);
  expect(parts[0]! + parts[1]!).toBeGreaterThan(3);
});

test("one call sweeps about 500 fields, of however many topics", async () => {
  const [node] = await cluster.start(1);
  const topics = ["t", "u", "v"];
  const members = Array.from({ length: 700 }, (_, user) => [`user${user}`, 1] as const);
  const deadId = "neverThere12";
  const dead = new PresenceStore(node!.connection, node!.keys, deadId, 90_000);
  for (const topic of topics) await dead.write([{ topic, channel: "", connections: 700, members }]);
  const sweeps = topics.map((topic) => ({ topic, channel: "", cursor: "0" }));
  const left = await dead.sweep(deadId, sweeps);
  expect(left.map(({ topic }) => topic)).toEqual(topics);
  expect(left[0]!.cursor).not.toBe("0");
  expect(left.slice(1)).toEqual(sweeps.slice(1));
});

test("large topics are swept to their end", async () => {
  const [dead, alive] = await cluster.start(2);
  const topics = ["t", "u", "v"];
  for (const topic of topics) {
    for (let user = 0; user < 700; user++) dead!.presence.enter(topic, `user${user}`);
    alive!.presence.enter(topic, "stays");
  }
  const fields = async () => Promise.all(topics.map(async (topic) => (await fieldsOf(alive!, topic)).length));
  await until(async () => Bun.deepEquals(await fields(), [701, 701, 701]), 3000, "all members");
  await dead!.kill();
  await until(async () => Bun.deepEquals(await fields(), [1, 1, 1]), 3000, "the end of the dead node's");
  expect(alive!.calls.get("presence-sweep")!.calls).toBeGreaterThan(3);
});

test("when a node is lost, all topics are looked at sooner than usual", async () => {
  const [dead, alive] = await cluster.start(2, { speed: 4 });
  const told = await cluster.hear("t");
  for (let topic = 0; topic < 60; topic++) alive!.presence.enter(`topic${topic}`, "bob");
  for (const node of [dead!, alive!]) node.presence.enter("t", node === dead ? "alice" : "bob");
  await until(() => told.length === 2, 2000, "the joins");
  await dead!.kill();
  await until(() => alive!.lost.length > 0, 1000, "the loss");
  // Usually they are in 30 seconds, and here in 7.5.
  await until(() => told.includes("-alice"), 3000, "the leave");
});

test("a node that comes to a topic takes out one that died there before", async () => {
  const [dead] = await cluster.start(1);
  for (const userId of ["alice", "bob"]) dead!.presence.enter("t", userId);
  await untilSeen([dead!], "alice 1, bob 1; 2");
  const [late] = await cluster.start(1, { speed: 0.2 });
  await dead!.kill();
  await until(() => late!.lost.length > 0, 2000, "the loss");
  expect(await seenBy(late!)).toBe("; 0");
  late!.presence.enter("t", "carol");
  // Sooner than it looks at the topic for another reason.
  await until(async () => Bun.deepEquals(await fieldsOf(late!), ["carol"]), 2500, "what is left of it");
});

test("what a node left behind that nobody knows any more is taken out as well", async () => {
  const [node] = await cluster.start(1);
  await cluster.redis.cli("HSET", node!.keys.presence("t"), "", "neverThere12:2", "alice", "neverThere12:2");
  const told = await cluster.hear("t");
  node!.presence.enter("t", "bob");
  expect(await seenBy(node!)).toBe("bob 1; 1");
  await until(async () => Bun.deepEquals(await fieldsOf(node!), ["bob"]), 3000, "what is left of it");
  expect([...told].sort()).toEqual(["+bob", "-alice"]);
});

test("a node that closes tells at once that its members left", async () => {
  const [leaving, staying] = await cluster.start(2);
  const told = await cluster.hear("t");
  for (const userId of ["alice", "bob", null]) leaving!.presence.enter("t", userId);
  staying!.presence.enter("t", "bob");
  await untilSeen([staying!], "alice 1, bob 2; 4");
  leaving!.presence.enter("other", "alice");
  await leaving!.close();
  expect(await fieldsOf(staying!)).toEqual(["bob"]);
  expect(await seenBy(staying!)).toBe("bob 1; 1");
  expect(await seenBy(staying!, "other")).toBe("; 0");
  await until(() => told.length >= 3, 1000, "the leave");
  expect([...told].sort()).toEqual(["+alice", "+bob", "-alice"]);
});

test("a node that was wrongly taken for lost brings its members back", async () => {
  const [still, other] = await cluster.start(2, { beatEveryMs: 250, deadAfterMs: 500, speed: 100 });
  const told = await cluster.hear("t");
  still!.presence.enter("t", "alice");
  other!.presence.enter("t", "bob");
  await untilSeen([still!, other!], "alice 1, bob 1; 2");
  still!.pause();
  await until(() => told.includes("-alice"), 3000, "the leave");
  still!.resume();
  await untilSeen([other!, still!], "alice 1, bob 1; 2");
  await until(() => told.length >= 4, 1000, "the return");
  expect(told.filter((what) => what.endsWith("alice"))).toEqual(["+alice", "-alice", "+alice"]);
});

test("what is told again after a return is not taken away by those who have not heard of it", async () => {
  const [still, other] = await cluster.start(2);
  still!.presence.enter("t", "alice");
  other!.presence.enter("t", "bob");
  await untilSeen([other!], "alice 1, bob 1; 2");
  still!.pause();
  await until(async () => (await fieldsOf(other!)).length === 1, 3000, "the end of alice");
  still!.resume();
  await until(async () => (await fieldsOf(other!)).length === 2, 3000, "the return of alice");
  // As a node would that is late: the sum goes on to say that the node is there.
  await cluster.redis.cli("HDEL", still!.keys.presence("t"), "alice");
  await until(async () => (await fieldsOf(other!)).length === 2, 3000, "alice again");
});

test("presence expires where nobody is left to renew it, and is renewed where somebody is", async () => {
  const [one, two] = await cluster.start(2);
  one!.presence.enter("t", "alice");
  two!.presence.enter("u", "bob");
  await untilSeen([two!], "alice 1; 1");
  await untilSeen([one!], "bob 1; 1", "u");
  const leftMs = async (topic: string) => Number(await cluster.redis.cli("PTTL", one!.keys.presence(topic)));
  expect(await leftMs("t")).toBeGreaterThan(80_000);
  await one!.kill();
  for (const topic of ["t", "u"]) await cluster.redis.cli("PEXPIRE", one!.keys.presence(topic), "30000");
  await until(async () => (await leftMs("u")) > 80_000, 4000, "the renewal");
  expect(await leftMs("t")).toBeLessThan(30_000);
});
