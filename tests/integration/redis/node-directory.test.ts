import { expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { usePresence } from "./use-presence.ts";

const cluster = usePresence();

const idsOf = (nodes: readonly { readonly id: string }[]) => nodes.map(({ id }) => id).sort();

test("every node hears of all others and of what they say of themselves", async () => {
  let connections = 1;
  const nodes = await cluster.start(3, { describe: () => ({ connections }) });
  for (const { directory, id } of nodes) {
    expect(idsOf(directory.live())).toEqual(idsOf(nodes));
    expect(directory.live()[0]?.id).toBe(id);
    expect([...directory.ids()].sort()).toEqual(idsOf(nodes));
  }
  connections = 2;
  const sayTwo = () =>
    nodes[0]!.directory.live().every(({ facts }) => Bun.deepEquals(facts, { connections }));
  await until(sayTwo, 1000, "what the others say now");
});

test("a node that dies is lost to each of the others, once, and nothing of it stays", async () => {
  const [dead, ...others] = await cluster.start(3);
  await dead!.kill();
  await until(() => others.every(({ lost }) => lost.length > 0), 2000, "the loss");
  await Bun.sleep(200);
  for (const { directory, lost } of others) {
    expect(lost).toEqual([dead!.id]);
    expect(idsOf(directory.live())).toEqual(idsOf(others));
    expect(directory.isLost(dead!.id)).toBe(true);
  }
  expect(await cluster.redis.cli("HEXISTS", dead!.keys.nodes, dead!.id)).toBe("0");
});

test("a node that leaves is gone from Redis at once, and from the others at their next beat", async () => {
  const [leaving, staying] = await cluster.start(2, { deadAfterMs: 60_000 });
  await leaving!.close();
  expect(await cluster.redis.cli("HEXISTS", leaving!.keys.nodes, leaving!.id)).toBe("0");
  await until(() => !staying!.directory.has(leaving!.id), 1000, "the other's beat");
  expect(staying!.lost).toEqual([leaving!.id]);
});

test("a node that stood still for too long comes back, and is told that it was lost", async () => {
  const [still, other] = await cluster.start(2);
  still!.pause();
  await until(() => other!.lost.length > 0, 2000, "the loss");
  expect(other!.directory.has(still!.id)).toBe(false);
  still!.resume();
  await until(() => other!.directory.has(still!.id), 1000, "the return");
  expect(other!.directory.isLost(still!.id)).toBe(false);
  await until(() => still!.directory.isRegistered, 1000, "the end of the return");
  expect(still!.standings).toEqual(["reached", "lost"]);
  expect(other!.standings).toEqual(["reached"]);
});

test("nobody is lost while Redis stands still, or when it was away", async () => {
  const nodes = await cluster.start(3);
  cluster.redis.pause();
  await until(() => nodes.every(({ directory }) => !directory.isRegistered), 4000, "the silence of Redis");
  cluster.redis.resume();
  const areBack = () =>
    nodes.every(({ directory }) => directory.isRegistered && directory.live().length === 3);
  await until(areBack, 3000, "all nodes again");
  await Bun.sleep(400);
  expect(nodes.map(({ lost }) => lost)).toEqual([[], [], []]);
  for (const { standings } of nodes) expect(standings).toEqual(["reached", "reached"]);
});

test("without Redis the others are believed in for a while, then a node knows itself alone", async () => {
  const [node, other] = await cluster.start(2, { beatEveryMs: 100, deadAfterMs: 400 });
  await cluster.redis.kill();
  await until(() => !node!.directory.isRegistered, 1000, "the loss of Redis");
  expect(idsOf(node!.directory.live())).toEqual(idsOf([node!, other!]));
  await until(() => node!.directory.live().length === 1, 2000, "the end of the belief");
  expect(node!.directory.live()[0]?.id).toBe(node!.id);
  expect(node!.directory.has(other!.id)).toBe(false);
  await cluster.redis.restart();
  await until(() => node!.directory.has(other!.id) && other!.directory.has(node!.id), 3000, "both");
  // It came back empty: who was there before says so again.
  for (const { standings, lost } of [node!, other!]) {
    expect(standings).toEqual(["reached", "emptied"]);
    expect(lost).toEqual([]);
  }
});

test("a Redis that was emptied is told of by the next beat", async () => {
  const nodes = await cluster.start(2);
  await cluster.redis.cli("FLUSHALL");
  await until(() => nodes.every(({ standings }) => standings.length === 2), 1000, "the next beats");
  for (const { standings, lost } of nodes) {
    expect(standings).toEqual(["reached", "emptied"]);
    expect(lost).toEqual([]);
  }
});

test("what others left in the directory is removed, or harmless", async () => {
  const [node] = await cluster.start(1, { beatEveryMs: 60 });
  const { directory, keys } = node!;
  const now = Date.now();
  const entries: Record<string, string> = {
    "short-id": `${now} {"connections":1}`,
    noStampThere: "hello",
    "bad json....": `${now} {`,
    badJson_____: `${now} {`,
    arrayOfFacts: `${now} [1]`,
    veryLongText: `${now} {"a":"${"a".repeat(5000)}"}`,
    farInFuture_: `${now + 3_600_000} {"connections":2}`,
    fineAndClear: `${now} {"connections":1}`,
  };
  await cluster.redis.cli("HSET", keys.nodes, ...Object.entries(entries).flat());
  expect(await directory.beatNow()).toBe(true);
  expect(directory.live().slice(1).sort(byId)).toEqual([
    { id: "arrayOfFacts", facts: null },
    { id: "badJson_____", facts: null },
    { id: "farInFuture_", facts: { connections: 2 } },
    { id: "fineAndClear", facts: { connections: 1 } },
    { id: "veryLongText", facts: null },
  ]);
  await until(() => directory.live().length === 1, 2000, "the end of those who never come");
  const left = (await cluster.redis.cli("HKEYS", keys.nodes)).split("\n").filter((field) => field !== "");
  expect(left).toEqual([node!.id]);
});

test("a node that says too much of itself is there, and says nothing", async () => {
  const [node, other] = await cluster.start(2, { describe: () => ({ text: "a".repeat(5000) }) });
  expect(other!.directory.live().find(({ id }) => id === node!.id)?.facts).toEqual({});
});

test("who is heard of is asked for, and lost when two more beats bring nothing", async () => {
  const [node] = await cluster.start(1, { beatEveryMs: 100, deadAfterMs: 60_000 });
  const { calls, directory, lost } = node!;
  const [late] = await cluster.start(1, { beatEveryMs: 60_000 });
  expect(await directory.judge([late!.id, "neverThere12"])).toBe(true);
  expect(directory.has(late!.id)).toBe(true);
  expect(directory.has("neverThere12")).toBe(false);
  expect(directory.isLost("neverThere12")).toBe(false);
  const beats = calls.get("node-beat")!.calls;
  await directory.judge([late!.id, "neverThere12", "not an id"]);
  expect(calls.get("node-beat")!.calls - beats).toBeLessThanOrEqual(1);
  await until(() => lost.length > 0, 1000, "the loss");
  expect(lost).toEqual(["neverThere12"]);
  expect(directory.isLost("neverThere12")).toBe(true);
  await cluster.redis.cli("HSET", node!.keys.nodes, "neverThere12", `${Date.now()} {}`);
  await directory.beatNow();
  expect([directory.has("neverThere12"), directory.isLost("neverThere12")]).toEqual([true, false]);
});

test("beats that are asked for at once are one, and one more that comes after", async () => {
  const [node] = await cluster.start(1, { beatEveryMs: 60_000 });
  const before = node!.calls.get("node-beat")!.calls;
  const heard = await Promise.all(Array.from({ length: 50 }, () => node!.directory.beatNow()));
  expect(heard.every((ok) => ok)).toBe(true);
  expect(node!.calls.get("node-beat")!.calls - before).toBe(2);
});

function byId(one: { id: string }, other: { id: string }): number {
  return one.id < other.id ? -1 : 1;
}
