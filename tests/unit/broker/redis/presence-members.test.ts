import { describe, expect, test } from "bun:test";
import { type MemberChunk, MemberMarks, MemberWalk } from "../../../../src/broker/redis/presence-members.ts";
import { PresenceTable } from "../../../../src/hub/presence.ts";

const sizeOf = (chunks: readonly MemberChunk[]) =>
  chunks.reduce((sum, { userIds }) => sum + userIds.length, 0);

describe("marks", () => {
  test("are taken out once each, topics without users too", () => {
    const marks = new MemberMarks();
    for (const userId of ["a", "b", "a", null]) marks.mark("t", userId);
    marks.mark("u", null);
    expect(marks.size).toBe(4);
    expect([marks.has("t", "a"), marks.has("t", "c"), marks.hasTopic("u")]).toEqual([true, false, true]);
    expect(marks.take()).toEqual([
      { topic: "t", userIds: ["a", "b"], quiet: false },
      { topic: "u", userIds: [], quiet: false },
    ]);
    expect([marks.size, marks.hasTopic("t"), marks.take()]).toEqual([0, false, []]);
  });

  test("of a large topic are taken in parts of at most 500", () => {
    const marks = new MemberMarks();
    for (let user = 0; user < 1201; user++) marks.mark("t", `u${user}`);
    const taken: MemberChunk[][] = [];
    while (marks.size > 0) taken.push(marks.take());
    expect(taken.map(sizeOf)).toEqual([500, 500, 201]);
    expect(new Set(taken.flat().flatMap(({ userIds }) => userIds)).size).toBe(1201);
  });

  test("of many topics are taken in parts of at most 128 topics", () => {
    const marks = new MemberMarks();
    for (let topic = 0; topic < 300; topic++) marks.mark(`t${topic}`, "alice");
    expect([marks.take().length, marks.take().length, marks.take().length]).toEqual([128, 128, 44]);
    expect(marks.size).toBe(0);
  });

  test("move from one to another", () => {
    const [from, to] = [new MemberMarks(), new MemberMarks()];
    from.mark("t", "a");
    from.mark("u", null);
    to.mark("t", "b");
    to.moveFrom(from);
    expect([from.size, to.size]).toEqual([0, 4]);
    expect(to.take().map(({ topic, userIds }) => [topic, ...userIds])).toEqual([["t", "b", "a"], ["u"]]);
  });
});

describe("a walk", () => {
  const nobodyIsLeftOut = () => false;

  test("goes through all members, a step at a time", () => {
    const table = new PresenceTable();
    for (let user = 0; user < 1200; user++) table.enter("large", `u${user}`);
    for (let topic = 0; topic < 200; topic++) table.enter(`t${topic}`, topic % 2 === 0 ? "alice" : null);
    const walk = new MemberWalk(table, table.topics(), true);
    const steps: MemberChunk[][] = [];
    for (let step = walk.take(nobodyIsLeftOut); step.length > 0; step = walk.take(nobodyIsLeftOut)) {
      steps.push(step);
    }
    for (const step of steps) {
      expect(sizeOf(step)).toBeLessThanOrEqual(500);
      expect(step.length).toBeLessThanOrEqual(128);
      expect(step.every(({ quiet }) => quiet)).toBe(true);
    }
    const chunks = steps.flat();
    expect(sizeOf(chunks)).toBe(1300);
    expect(new Set(chunks.map(({ topic }) => topic)).size).toBe(201);
  });

  test("leaves out who is told of otherwise", () => {
    const table = new PresenceTable();
    for (const userId of ["a", "b", "c"]) table.enter("t", userId);
    const walk = new MemberWalk(table, ["t", "empty"], false);
    expect(walk.take((topic, userId) => topic === "t" && userId === "b")).toEqual([
      { topic: "t", userIds: ["a", "c"], quiet: false },
      { topic: "empty", userIds: [], quiet: false },
    ]);
    expect(walk.take(nobodyIsLeftOut)).toEqual([]);
  });
});
