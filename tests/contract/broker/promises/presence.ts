import { expect, test } from "bun:test";
import { until } from "../../../support/until.ts";
import { type StartBroker, succeeded } from "../harness.ts";

export function promisePresence(start: StartBroker): void {
  test("users once each with their connections; nameless connections are counted alone", async () => {
    const harness = await start();
    for (const user of ["alice", "bob", "alice", null]) harness.broker.enter("t", user);
    harness.broker.enter("other", "carol");
    const presence = succeeded(await harness.broker.presence("t"));
    expect([...presence.members].sort()).toEqual([
      ["alice", 2],
      ["bob", 1],
    ]);
    expect(presence.connections).toBe(4);
  });

  test("leaving, until nobody is there", async () => {
    const harness = await start();
    for (const user of ["alice", "alice", null]) harness.broker.enter("t", user);
    harness.broker.leave("t", "alice");
    const one = succeeded(await harness.broker.presence("t"));
    expect([...one.members]).toEqual([["alice", 1]]);
    expect(one.connections).toBe(2);
    harness.broker.leave("t", null);
    harness.broker.leave("t", "alice");
    const none = succeeded(await harness.broker.presence("t"));
    expect([...none.members]).toEqual([]);
    expect(none.connections).toBe(0);
  });

  test("only a user's first coming and last leaving are changes", async () => {
    const harness = await start();
    await harness.follow("t");
    harness.broker.enter("t", "alice");
    harness.broker.enter("t", "alice");
    harness.broker.enter("t", null);
    // Who comes and goes at once may go unnoticed.
    await until(() => harness.sink.memberChanges.length >= 1);
    harness.broker.leave("t", "alice");
    harness.broker.leave("t", null);
    harness.broker.leave("t", "alice");
    await until(() => harness.sink.memberChanges.length >= 2);
    expect(harness.sink.memberChanges).toEqual([
      { topic: "t", userId: "alice", present: true },
      { topic: "t", userId: "alice", present: false },
    ]);
  });

  test("of an unknown topic: nobody", async () => {
    const harness = await start();
    const presence = succeeded(await harness.broker.presence("t"));
    expect({ members: presence.members.size, connections: presence.connections }).toEqual({
      members: 0,
      connections: 0,
    });
  });
}
