import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { PresenceTable } from "../../../src/hub/presence.ts";

const users = ["alice", "bob", "carol", null] as const;

test("counts as a list of all connections would", () => {
  const step = fc.record({
    enters: fc.boolean(),
    topic: fc.constantFrom("t", "u"),
    user: fc.constantFrom(...users),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const changes: string[] = [];
      const table = new PresenceTable((topic, userId, present) => {
        changes.push(`${present ? "+" : "-"}${topic} ${userId}`);
      });
      const connections: (readonly [topic: string, userId: string | null])[] = [];
      const expectedChanges: string[] = [];
      const countOf = (topic: string, user: string | null) =>
        connections.filter(([inTopic, userId]) => inTopic === topic && userId === user).length;
      for (const { enters, topic, user } of steps) {
        const before = countOf(topic, user);
        if (enters) {
          table.enter(topic, user);
          connections.push([topic, user]);
          if (user !== null && before === 0) expectedChanges.push(`+${topic} ${user}`);
        } else if (before > 0) {
          table.leave(topic, user);
          connections.splice(
            connections.findIndex(([inTopic, userId]) => inTopic === topic && userId === user),
            1,
          );
          if (user !== null && before === 1) expectedChanges.push(`-${topic} ${user}`);
        }
      }
      const topics = new Set(connections.map(([topic]) => topic));
      expect(new Set(table.topics())).toEqual(topics);
      expect(table.size).toBe(topics.size);
      for (const topic of ["t", "u"]) {
        const members = new Map<string, number>();
        for (const user of users) {
          const count = countOf(topic, user);
          if (user === null) continue;
          expect(table.connectionsOf(topic, user)).toBe(count);
          if (count > 0) members.set(user, count);
        }
        const all = connections.filter(([inTopic]) => inTopic === topic).length;
        expect(table.connectionsIn(topic)).toBe(all);
        expect(table.of(topic).connections).toBe(all);
        expect(new Map(table.of(topic).members)).toEqual(members);
      }
      expect(changes).toEqual(expectedChanges);
    }),
  );
});

test("who was not there does not leave", () => {
  const table = new PresenceTable();
  table.leave("t", "alice");
  table.enter("t", "alice");
  table.enter("t", null);
  table.leave("t", "bob");
  expect([...table.of("t").members]).toEqual([["alice", 1]]);
});

test("a topic with one user costs no map of its own", () => {
  const topicsCount = 50_000;
  const heapSize = () => {
    Bun.gc(true);
    return heapStats().heapSize;
  };
  const before = heapSize();
  const table = new PresenceTable();
  for (let user = 0; user < topicsCount; user++) table.enter(`user:u${user}`, `u${user}`);
  const bytesEach = (heapSize() - before) / topicsCount;
  expect(table.size).toBe(topicsCount);
  expect(bytesEach).toBeLessThan(330);
});
