import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { Failure } from "../../../src/core/failure.ts";
import { createFakeNodes, type FakeNode } from "./fake-nodes.ts";

/** A caller that keeps what it was told. */
class Caller {
  readonly heard: string[] = [];
  /** What asking came to: whether anybody is asked, or why not. */
  outcome: "pending" | "asked" | "nobody" | string = "pending";
  #cancel: () => void = () => {};

  constructor(node: FakeNode, userIds: readonly string[], correlationId: string, timeoutMs: number) {
    const order = { correlationId, message: "?", data: { n: 1 }, timeoutMs };
    const pending = node.cluster.ask(userIds, order, {
      response: (data, final) => this.heard.push(`${final ? "final" : "response"} ${data}`),
      failed: (reason) => this.heard.push(reason),
    });
    if (pending instanceof Promise) void pending.then((settled) => this.#settle(settled));
    else this.#settle(pending);
  }

  cancel(): void {
    this.#cancel();
  }

  #settle(outcome: (() => void) | null | Failure): void {
    this.outcome = outcome === null ? "nobody" : outcome instanceof Failure ? outcome.code : "asked";
    if (typeof outcome === "function") this.#cancel = outcome;
  }
}

async function start(count = 3) {
  const created = await createFakeNodes(count);
  const { nodes, network, scheduler, settle } = created;
  return {
    ...created,
    async ask(node: FakeNode, userIds: string | string[] = "alice", correlationId = "c", timeoutMs = 30_000) {
      const caller = new Caller(node, [userIds].flat(), correlationId, timeoutMs);
      await settle();
      return caller;
    },
    /** Nothing of any request is left on any node. */
    async expectNothingLeft(): Promise<void> {
      await settle();
      expect(nodes.map(({ requests }) => requests.open)).toEqual(nodes.map(() => 0));
      expect(scheduler.timers).toBe(0);
      expect(nodes.map(({ id }) => network.waiting(id))).toEqual(nodes.map(() => 0));
    },
  };
}

describe("a request", () => {
  test("is put to all connections of the user on all nodes, and streams answers until the first final one", async () => {
    const { nodes, ask, settle, expectNothingLeft } = await start();
    const [here, there, stream, elsewhere] = [
      nodes[0].connect("alice"),
      nodes[1].connect("alice"),
      nodes[1].connect("alice", "sse"),
      nodes[2].connect("alice"),
    ];
    const bob = nodes[2].connect("bob");
    const caller = await ask(nodes[0]);
    expect(caller.outcome).toBe("asked");
    for (const { told } of [here, there, stream, elsewhere]) {
      expect(told.map((frame) => JSON.parse(frame))).toEqual([
        { type: "request", correlation_id: "c", message: "?", data: { n: 1 }, timeout_ms: 30_000 },
      ]);
    }
    expect(bob.told).toEqual([]);
    for (const [index, connection] of [there, here, elsewhere, there].entries()) {
      expect(connection.respond(index)).toBeNull();
      await settle();
    }
    expect(elsewhere.respond("last", true)).toBeNull();
    await settle();
    expect(caller.heard).toEqual(["response 0", "response 1", "response 2", "response 3", "final last"]);
    for (const connection of [here, there, elsewhere]) expect(connection.respond("late")).toBe("not_found");
    await expectNothingLeft();
  });

  test("keeps the order of one connection's answers", async () => {
    const { nodes, ask, settle } = await start(2);
    const alice = nodes[1].connect("alice");
    const caller = await ask(nodes[0]);
    for (let count = 0; count < 5; count++) alice.respond(count, count === 4);
    await settle();
    expect(caller.heard).toEqual(["response 0", "response 1", "response 2", "response 3", "final 4"]);
  });

  test("to several users asks the connections of all", async () => {
    const { nodes, ask } = await start(2);
    const asked = [nodes[0].connect("alice"), nodes[1].connect("bob")];
    await ask(nodes[0], ["alice", "bob"]);
    expect(asked.map(({ told }) => told.length)).toEqual([1, 1]);
  });

  test("to a user who is connected nowhere asks nobody", async () => {
    const { nodes, ask, expectNothingLeft } = await start();
    nodes[1].connect("bob");
    expect((await ask(nodes[0])).outcome).toBe("nobody");
    await expectNothingLeft();
  });

  test("goes on at once where somebody is there to be asked, whatever another node does", async () => {
    const { nodes, scheduler, settle, ask } = await start();
    nodes[1].connect("alice");
    const caller = new Caller(nodes[0], ["alice"], "c", 30_000);
    const absent = new Caller(nodes[0], ["nobody"], "d", 30_000);
    await settle("c");
    expect([caller.outcome, absent.outcome]).toEqual(["asked", "pending"]);
    scheduler.advance(1000);
    await settle("c");
    expect(absent.outcome).toBe("nobody");
    nodes[0].connect("bob");
    expect((await ask(nodes[0], "bob", "e")).outcome).toBe("asked");
  });

  test("fails while no other node can be asked, but for who is here", async () => {
    const { nodes, network, ask, expectNothingLeft } = await start(2);
    const alice = nodes[0].connect("alice");
    network.isDown = true;
    expect((await ask(nodes[0], "bob", "b")).outcome).toBe("unavailable");
    const caller = await ask(nodes[0]);
    expect(caller.outcome).toBe("asked");
    alice.respond("here", true);
    expect(caller.heard).toEqual(["final here"]);
    await expectNothingLeft();
  });
});

describe("its end", () => {
  test("is a timeout at the caller's node, and nobody is asked any more", async () => {
    const { nodes, ask, scheduler, settle, expectNothingLeft } = await start();
    const asked = [nodes[0].connect("alice"), nodes[1].connect("alice")];
    const caller = await ask(nodes[0], "alice", "c", 1000);
    scheduler.advance(1000);
    await settle();
    expect(caller.heard).toEqual(["timeout"]);
    for (const connection of asked) expect(connection.respond("late", true)).toBe("not_found");
    await expectNothingLeft();
  });

  test("is `gone` when everybody who was asked on any node has left, and not before", async () => {
    const { nodes, ask, settle, expectNothingLeft } = await start();
    const asked = [nodes[0].connect("alice"), nodes[1].connect("alice"), nodes[1].connect("alice")];
    const caller = await ask(nodes[0]);
    const late = nodes[2].connect("alice");
    for (const connection of asked) {
      expect(caller.heard).toEqual([]);
      connection.leave();
      await settle();
    }
    expect(caller.heard).toEqual(["gone"]);
    expect(late.told).toEqual([]);
    await expectNothingLeft();
  });

  test("is `gone` for those who leave in the midst of being asked", async () => {
    const { nodes, ask, expectNothingLeft } = await start(2);
    const [here, there] = [nodes[0].connect("alice"), nodes[1].connect("bob")];
    for (const connection of [here, there]) connection.onTell = () => connection.leave();
    const caller = await ask(nodes[0], "alice", "c");
    expect([caller.outcome, caller.heard]).toEqual(["asked", ["gone"]]);
    // Of another node nobody is left by the time in which it says so.
    expect((await ask(nodes[0], "bob", "d")).outcome).toBe("nobody");
    await expectNothingLeft();
  });

  test("is not `gone` before all nodes have said whether they have anybody", async () => {
    const { nodes, settle } = await start();
    const here = nodes[0].connect("alice");
    const there = nodes[2].connect("alice");
    const caller = new Caller(nodes[0], ["alice"], "c", 30_000);
    await settle("c");
    here.leave();
    await settle("c");
    expect(caller.heard).toEqual([]);
    await settle();
    there.respond("here", true);
    await settle();
    expect(caller.heard).toEqual(["final here"]);
  });

  test("is `gone` when the node of those who were asked is lost", async () => {
    const { nodes, network, ask, settle, expectNothingLeft } = await start();
    nodes[1].connect("alice");
    const caller = await ask(nodes[0]);
    network.lose("c");
    await settle();
    expect(caller.heard).toEqual([]);
    network.lose("b");
    expect(caller.heard).toEqual(["gone"]);
    nodes[1].requests.left([...nodes[1].users.connectionsOf("alice")][0]!);
    await expectNothingLeft();
  });

  test("comes for connections when their caller goes away, on all nodes", async () => {
    const { nodes, ask, settle, expectNothingLeft } = await start();
    const asked = [nodes[0].connect("alice"), nodes[1].connect("alice"), nodes[2].connect("alice")];
    const caller = await ask(nodes[0]);
    caller.cancel();
    await settle();
    for (const connection of asked) expect(connection.respond("late", true)).toBe("not_found");
    expect(caller.heard).toEqual([]);
    await expectNothingLeft();
  });

  test("comes for connections when the caller's node is lost", async () => {
    const { nodes, network, ask } = await start();
    const alice = nodes[1].connect("alice");
    await ask(nodes[0]);
    network.lose("a");
    expect(alice.respond("late", true)).toBe("not_found");
    expect(nodes[1].requests.open).toBe(0);
  });

  test("reaches a node that said too late that it had somebody to ask", async () => {
    const { nodes, scheduler, settle } = await start();
    const here = nodes[1].connect("alice");
    const slow = nodes[2].connect("alice");
    const caller = new Caller(nodes[0], ["alice"], "c", 30_000);
    await settle("c");
    here.respond("first", true);
    await settle("c");
    expect(caller.heard).toEqual(["final first"]);
    await settle();
    expect(nodes[2].requests.open).toBe(0);
    expect(slow.respond("late")).toBe("not_found");

    const again = new Caller(nodes[0], ["alice"], "d", 30_000);
    await settle("c");
    scheduler.advance(1000);
    here.respond("second", true);
    await settle("c");
    expect(again.heard).toEqual(["final second"]);
    await settle();
    // It learns by its first answer that nobody waits.
    expect(slow.respond("late")).toBeNull();
    await settle();
    expect(slow.respond("later")).toBe("not_found");
  });

  test("takes the answers of a node that said too late that it had somebody to ask", async () => {
    const { nodes, scheduler, settle } = await start();
    nodes[1].connect("alice");
    const slow = nodes[2].connect("alice");
    const caller = new Caller(nodes[0], ["alice"], "c", 30_000);
    await settle("c");
    scheduler.advance(1000);
    await settle();
    slow.respond("late but true", true);
    await settle();
    expect(caller.heard).toEqual(["final late but true"]);
  });

  test("costs no more messages than it must", async () => {
    const { nodes, network, ask, scheduler, settle } = await start(2);
    const alice = nodes[1].connect("alice");
    const kinds = () => network.published.splice(0).map(({ message }) => JSON.parse(message).k);
    await ask(nodes[0]);
    expect(kinds()).toEqual(["request.ask", "request.ask"]);
    alice.respond("last", true);
    await settle();
    expect(kinds()).toEqual(["request.answered"]);
    await ask(nodes[0], "alice", "d", 1000);
    kinds();
    scheduler.advance(1000);
    await settle();
    expect(kinds()).toEqual(["request.cancelled"]);
  });

  test("leaves nothing behind on any node", async () => {
    const { nodes, network, ask } = await start(2);
    const alice = nodes[1].connect("alice");
    const functions = () => {
      Bun.gc(true);
      return heapStats().objectTypeCounts.Function ?? 0;
    };
    const before = functions();
    for (let count = 0; count < 500; count++) {
      await ask(nodes[0]);
      alice.respond("last", true);
      alice.told.length = 0;
      network.published.length = 0;
    }
    expect(functions() - before).toBeLessThan(500);
  });

  test("is `lost` when an answer did not arrive, rather than a stream with a hole", async () => {
    const { nodes, network, ask, settle, expectNothingLeft } = await start(2);
    const alice = nodes[1].connect("alice");
    const caller = await ask(nodes[0]);
    alice.respond(1);
    network.losesNext = true;
    alice.respond(2);
    alice.respond(3);
    await settle();
    expect(caller.heard).toEqual(["response 1", "lost"]);
    await expectNothingLeft();
  });
});

describe("correlation ids", () => {
  test("are taken while a request of this node waits with them, and not for other nodes", async () => {
    const { nodes, ask, settle } = await start();
    const alice = nodes[2].connect("alice");
    const first = await ask(nodes[0]);
    expect((await ask(nodes[0])).outcome).toBe("conflict");
    const second = await ask(nodes[1]);
    expect(second.outcome).toBe("asked");
    const [idOfFirst, idOfSecond] = alice.asked as [string, string];
    expect(idOfFirst).toBe("c");
    expect(idOfSecond).not.toBe("c");
    alice.respond("to the second", true, idOfSecond);
    alice.respond("to the first", true, idOfFirst);
    await settle();
    expect([first.heard, second.heard]).toEqual([["final to the first"], ["final to the second"]]);
    expect((await ask(nodes[0])).outcome).toBe("asked");
  });

  test("of a caller here are not taken by one elsewhere", async () => {
    const { nodes, ask, settle } = await start(2);
    const alice = nodes[0].connect("alice");
    const remote = await ask(nodes[1]);
    const local = await ask(nodes[0]);
    expect([remote.outcome, local.outcome]).toEqual(["asked", "asked"]);
    alice.respond("local", true);
    alice.respond("remote", true, "c");
    await settle();
    expect([remote.heard, local.heard]).toEqual([["final remote"], ["final local"]]);
  });

  test("that no request has are unknown", async () => {
    const { nodes } = await start(2);
    expect(nodes[1].connect("alice").respond(1, true, "unknown")).toBe("not_found");
  });
});

describe("the bounds", () => {
  test("on requests that wait hold for each caller's node", async () => {
    const { nodes, ask } = await start(2);
    nodes[0].connect("alice");
    const callers = Array.from(
      { length: 10_000 },
      (_, index) => new Caller(nodes[0], ["alice"], `c${index}`, 30_000),
    );
    expect((await ask(nodes[0], "alice", "one more")).outcome).toBe("rate_limited");
    for (const caller of callers) caller.cancel();
    expect((await ask(nodes[0], "alice", "one more")).outcome).toBe("asked");
  });
});
