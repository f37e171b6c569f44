import { expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { until } from "../../support/until.ts";
import type { PresenceNode } from "./presence-node.ts";
import { usePresence } from "./use-presence.ts";

const cluster = usePresence();

const ofTopic = async (node: PresenceNode, topic = "t") => {
  const presence = await node.presence.presence(topic);
  return presence instanceof Failure ? presence : [...presence.members.keys()].sort();
};

async function untilMembers(node: PresenceNode, expected: readonly string[], topic = "t"): Promise<void> {
  let members: unknown;
  await until(async () => {
    members = await ofTopic(node, topic);
    return Bun.deepEquals(members, expected);
  }, 4000).catch(() => {});
  expect(members).toEqual(expected);
}

test("a Redis that is away is said to be away; what changed meanwhile is known when it is back", async () => {
  const [one, two] = await cluster.start(2);
  one!.presence.enter("t", "alice");
  two!.presence.enter("t", "bob");
  await untilMembers(two!, ["alice", "bob"]);
  await cluster.redis.kill();
  await until(() => !one!.connection.isUp && !two!.connection.isUp, 1000, "the loss");
  expect(await one!.presence.presence("t")).toMatchObject({ code: "unavailable" });
  one!.presence.leave("t", "alice");
  one!.presence.enter("t", "carol");
  await cluster.redis.restart();
  await untilMembers(two!, ["bob", "carol"]);
  await untilMembers(one!, ["bob", "carol"]);
});

test("a Redis that hangs fails what is asked of it in time", async () => {
  const [one] = await cluster.start(1);
  cluster.redis.pause();
  try {
    const started = performance.now();
    expect(await one!.presence.presence("t")).toMatchObject({ code: "unavailable" });
    expect(performance.now() - started).toBeLessThan(2000);
  } finally {
    cluster.redis.resume();
  }
  await untilMembers(one!, []);
});

test("what was on its way when Redis hung is right in the end", async () => {
  const [one, two] = await cluster.start(2, { speed: 5 });
  one!.presence.enter("t", "stays");
  await untilMembers(two!, ["stays"]);
  cluster.redis.pause();
  try {
    one!.presence.enter("t", "alice");
    await until(() => one!.calls.get("presence-write")?.atOnce === 1, 3000, "the write");
    await until(() => !one!.connection.isUp, 3000, "the deadline");
    one!.presence.leave("t", "alice");
    one!.presence.enter("t", "bob");
  } finally {
    cluster.redis.resume();
  }
  await until(() => one!.standings.length === 2, 3000, "the return");
  await untilMembers(two!, ["bob", "stays"]);
  // As if it had arrived only now.
  await cluster.redis.cli("HSET", one!.keys.presence("t"), "alice", `${one!.id}:1`);
  await untilMembers(two!, ["bob", "stays"]);
}, 15_000);

test("FLUSHALL: all members are known again, and nobody is told that they came", async () => {
  const [one, two] = await cluster.start(2);
  const told = await cluster.hear("t");
  for (let index = 0; index < 700; index++) one!.presence.enter("t", `user${index}`);
  two!.presence.enter("t", "bob");
  await until(() => told.length === 701, 3000, "the joins");
  told.length = 0;
  await cluster.redis.cli("FLUSHALL");
  const all = ["bob", ...Array.from({ length: 700 }, (_, index) => `user${index}`)].sort();
  await untilMembers(one!, all);
  await untilMembers(two!, all);
  one!.presence.enter("t", "carol");
  await until(() => told.length > 0, 1000, "a join after it");
  expect(told).toEqual(["+carol"]);
});

test("who comes while Redis has lost its data is told of", async () => {
  const [one, two] = await cluster.start(2);
  one!.presence.enter("t", "alice");
  await untilMembers(two!, ["alice"]);
  await until(() => one!.calls.get("presence-write")?.atOnce === 0, 1000, "the answer");
  await cluster.redis.kill();
  await until(() => !one!.connection.isUp, 1000, "the loss");
  one!.presence.enter("t", "bob");
  await cluster.redis.restart();
  const told = await cluster.hear("t");
  await untilMembers(two!, ["alice", "bob"]);
  two!.presence.enter("t", "carol");
  await until(() => told.includes("+carol"), 2000, "carol");
  expect(told).not.toContain("+alice");
});

test("who comes while all is being written anew is told of", async () => {
  const [one] = await cluster.start(1, { speed: 0.5 });
  const told = await cluster.hear("t");
  one!.presence.enter("t", "alice");
  await until(() => told.length === 1, 2000, "alice");
  await cluster.redis.cli("FLUSHALL");
  one!.presence.enter("t", "bob");
  await until(() => told.length === 2, 2000, "bob");
  await untilMembers(one!, ["alice", "bob"]);
  expect(one!.standings).toEqual(["reached", "emptied"]);
  expect(told).toEqual(["+alice", "+bob"]);
});

test("a topic whose presence was evicted is written anew", async () => {
  const [one, two] = await cluster.start(2);
  one!.presence.enter("t", "alice");
  await untilMembers(two!, ["alice"]);
  await cluster.redis.cli("DEL", one!.keys.presence("t"));
  await untilMembers(two!, ["alice"]);
});

test("a member that was left behind by mistake is taken out by who reads it", async () => {
  const [one, two] = await cluster.start(2);
  one!.presence.enter("t", "alice");
  await untilMembers(two!, ["alice"]);
  await cluster.redis.cli("HSET", one!.keys.presence("t"), "ghost", `${one!.id}:1`);
  expect(await ofTopic(two!)).toEqual(["alice", "ghost"]);
  expect(await ofTopic(one!)).toEqual(["alice"]);
  await untilMembers(two!, ["alice"]);
});

test("what is not presence in a hash is not read", async () => {
  const [one] = await cluster.start(1);
  const key = one!.keys.presence("t");
  const bad = ["", "nonsense,:,::", "spaced name", `${one!.id}:1`, "alice", "x:1", "bob", `${one!.id}:-5`];
  await cluster.redis.cli("HSET", key, ...bad);
  expect(await one!.presence.presence("t")).toEqual({ members: new Map(), connections: 0 });
  one!.presence.enter("t", "carol");
  await untilMembers(one!, ["carol"]);
});

test("a write that Redis refuses is tried again", async () => {
  const [one, two] = await cluster.start(2);
  await cluster.redis.cli("CONFIG", "SET", "maxmemory", "1");
  one!.presence.enter("t", "alice");
  await until(() => (one!.calls.get("presence-write")?.calls ?? 0) >= 2, 3000, "two refusals");
  expect(one!.connection.isUp).toBe(true);
  await cluster.redis.cli("CONFIG", "SET", "maxmemory", "0");
  await untilMembers(two!, ["alice"]);
});
