import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LocalSeats } from "../../../src/cluster/local-seats.ts";
import { Failure } from "../../../src/core/failure.ts";
import type { DuplicateUser, Seat } from "../../../src/session/seats.ts";
import { createFakeNodes, type FakeConnection, type FakeNode } from "./fake-nodes.ts";

/** Connects as the transport does: claims, opens in the turn in which it may, and says that it did. */
async function connect(
  node: FakeNode,
  options: { userId?: string; isBroken?: boolean } = {},
): Promise<FakeConnection | string> {
  const { userId = "alice", isBroken = false } = options;
  const pending = node.cluster.seats.claim(userId);
  const seat: Seat | Failure = pending instanceof Promise ? await pending : pending;
  if (seat instanceof Failure) return seat.code;
  if (isBroken) {
    seat.released();
    return "broken";
  }
  const connection = node.connect(userId);
  seat.taken(connection.id);
  return connection;
}

const isOpen = (connection: FakeConnection | string) => typeof connection !== "string" && connection.isOpen;

async function start(duplicateUser: DuplicateUser, count = 3) {
  const created = await createFakeNodes(count, duplicateUser);
  return {
    ...created,
    /** The nodes can talk again. */
    async reunite(): Promise<void> {
      created.network.up();
      created.scheduler.advance(200);
      await created.settle();
    },
    /** Connects, with all messages delivered. */
    async connect(...[node, options]: Parameters<typeof connect>): Promise<FakeConnection | string> {
      const connecting = connect(node, options);
      await created.settle();
      return await connecting;
    },
  };
}

describe("allow", () => {
  test("lets everybody in without a question", async () => {
    const { nodes, network, connect } = await start("allow");
    const connections = [await connect(nodes[0]), await connect(nodes[1]), await connect(nodes[1])];
    expect(connections.map(isOpen)).toEqual([true, true, true]);
    expect(network.published).toHaveLength(0);
  });
});

describe("replace", () => {
  test("closes the user's earlier WebSocket wherever it is, and nobody else's", async () => {
    const { nodes, connect } = await start("replace");
    const stream = nodes[0].connect("alice", "sse");
    const bob = await connect(nodes[0], { userId: "bob" });
    const first = await connect(nodes[0]);
    const second = await connect(nodes[1]);
    expect([first, second, bob].map(isOpen)).toEqual([false, true, true]);
    expect((first as FakeConnection).closedFor).toBe("replaced");
    const third = await connect(nodes[1]);
    const fourth = await connect(nodes[0]);
    expect([second, third, fourth].map(isOpen)).toEqual([false, false, true]);
    expect(stream.isOpen).toBe(true);
  });

  test("lets the newcomer in at once, without waiting for other nodes", async () => {
    const { nodes } = await start("replace");
    expect(isOpen(await connect(nodes[0]))).toBe(true);
  });

  test("of two at the same moment leaves the later, in the order that all nodes see", async () => {
    const { nodes, network } = await start("replace");
    const first = await connect(nodes[0]);
    const second = await connect(nodes[1]);
    expect([first, second].map(isOpen)).toEqual([true, true]);
    await network.settle();
    expect([first, second].map(isOpen)).toEqual([false, true]);
  });

  test("leaves both while the nodes cannot talk, and the later when they can again", async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const { nodes, network, scheduler, reunite, connect } = await start("replace");
      const stream = nodes[0].connect("alice", "sse");
      const first = await connect(nodes[order[0]!]!);
      network.isDown = true;
      scheduler.advance(1);
      const second = await connect(nodes[order[1]!]!);
      scheduler.advance(1);
      const third = await connect(nodes[order[2]!]!);
      const bob = await connect(nodes[0], { userId: "bob" });
      expect([first, second, third].map(isOpen)).toEqual([true, true, true]);
      await reunite();
      expect([first, second, third, bob].map(isOpen)).toEqual([false, false, true, true]);
      expect(stream.isOpen).toBe(true);
    }
  });

  test("leaves one of two that were opened at one moment while the nodes could not talk", async () => {
    const { nodes, network, reunite, connect } = await start("replace");
    network.isDown = true;
    const both = [await connect(nodes[0]), await connect(nodes[1])];
    await reunite();
    expect(both.filter(isOpen)).toHaveLength(1);
  });

  test("compares once the others can be asked, if they cannot at first", async () => {
    const { nodes, network, scheduler, settle, connect } = await start("replace");
    network.isDown = true;
    const both = [await connect(nodes[0]), await connect(nodes[1])];
    network.up();
    network.isDown = true;
    for (let count = 0; count < 3; count++) {
      scheduler.advance(200);
      await settle();
    }
    expect(both.filter(isOpen)).toHaveLength(2);
    network.isDown = false;
    scheduler.advance(200);
    await settle();
    expect(both.filter(isOpen)).toHaveLength(1);
    for (const { cluster } of nodes) cluster.close();
    network.up();
    await settle();
    expect(scheduler.timers).toBe(0);
  });

  test("compares as many as there are, some in one question", async () => {
    const { nodes, network, reunite, connect } = await start("replace", 2);
    network.isDown = true;
    for (let count = 0; count < 1200; count++) {
      for (const node of nodes) await connect(node, { userId: `user-${count}` });
    }
    await reunite();
    const open = nodes.map(({ users }) => [...users.userIds()].length);
    expect(open[0]! + open[1]!).toBe(1200);
    expect(network.published.filter(({ message }) => message.includes('"question"')).length).toBeLessThan(10);
  });

  test("of users who may have several nothing is compared", async () => {
    const { network, nodes, reunite, connect } = await start("allow");
    await connect(nodes[0]);
    network.published.length = 0;
    await reunite();
    expect(network.published.filter(({ message }) => message.includes("seat"))).toEqual([]);
  });

  test("counts a WebSocket whose notice did not come back as an older one", async () => {
    const { nodes, network, scheduler, settle } = await start("replace");
    const first = await connect(nodes[0]);
    // Whatever waits for the node is lost.
    while (network.waiting("a") > 0) network.drop("a");
    await settle();
    scheduler.advance(1000);
    const second = await connect(nodes[1]);
    await settle();
    expect([first, second].map(isOpen)).toEqual([false, true]);
  });

  test("takes nobody's place for a broken handshake", async () => {
    const { nodes, connect } = await start("replace");
    const first = await connect(nodes[0]);
    await connect(nodes[1], { isBroken: true });
    expect(isOpen(first)).toBe(true);
  });
});

describe("reject", () => {
  test("refuses a user who has a WebSocket on any node", async () => {
    const { nodes, connect } = await start("reject");
    nodes[1].connect("alice", "sse");
    const first = await connect(nodes[0]);
    expect(isOpen(first)).toBe(true);
    expect([await connect(nodes[0]), await connect(nodes[1])]).toEqual(["conflict", "conflict"]);
    (first as FakeConnection).leave();
    expect(isOpen(await connect(nodes[2]))).toBe(true);
  });

  test("of two at the same moment lets the earlier in, in the order that all nodes see", async () => {
    const { nodes, settle } = await start("reject");
    const both = [connect(nodes[1]), connect(nodes[0])];
    await settle();
    const [first, second] = await Promise.all(both);
    expect([isOpen(first!), second]).toEqual([true, "conflict"]);
  });

  test("of two on one node lets the earlier in", async () => {
    const { nodes, settle } = await start("reject");
    const both = [connect(nodes[0]), connect(nodes[0])];
    await settle();
    const [first, second] = await Promise.all(both);
    expect([isOpen(first!), second]).toEqual([true, "conflict"]);
  });

  test("a late answer to a claim that was refused says nothing of the next claim", async () => {
    const { nodes, network, settle } = await start("reject");
    nodes[1].connect("alice");
    nodes[2].connect("alice");
    const refused = connect(nodes[0]);
    await settle("c");
    expect(await refused).toBe("conflict");
    const next = connect(nodes[0]);
    network.deliver("c");
    while (network.deliver("a"));
    expect(nodes[0].cluster.seats.claim("alice")).toMatchObject({ code: "conflict" });
    await settle();
    expect(await next).toBe("conflict");
  });

  test("frees the seat of a broken handshake", async () => {
    const { nodes, connect } = await start("reject");
    expect(await connect(nodes[0], { isBroken: true })).toBe("broken");
    expect(isOpen(await connect(nodes[1]))).toBe(true);
  });

  test("does not wait for a node that hangs once another refuses, and lets in after a second without it", async () => {
    const { nodes, scheduler, settle, peek } = await start("reject");
    nodes[1].connect("alice");
    const refused = connect(nodes[0]);
    const admitted = connect(nodes[0], { userId: "bob" });
    await settle("c");
    expect(await peek(refused)).toBe("conflict");
    expect(await peek(admitted)).toBe("pending");
    scheduler.advance(1000);
    await settle("c");
    expect(isOpen(await admitted)).toBe(true);
  });

  test("knows this node's WebSockets alone while the nodes cannot talk", async () => {
    const { nodes, network, connect } = await start("reject");
    network.isDown = true;
    expect(isOpen(await connect(nodes[0]))).toBe(true);
    expect(isOpen(await connect(nodes[1]))).toBe(true);
    expect(await connect(nodes[0])).toBe("conflict");
  });
});

/** What happens next: somebody connects to a node, a node gets a message, or the newest connection leaves. */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ connect: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ deliver: fc.nat(2) }) },
);

describe("whatever the order in which nodes hear", () => {
  async function run(
    duplicateUser: DuplicateUser,
    steps: readonly ({ connect: number } | { deliver: number })[],
  ) {
    const { nodes, network, settle } = await start(duplicateUser);
    const open = new Set<FakeConnection>();
    let openMax = 0;
    const attempts: Promise<void>[] = [];
    for (const next of steps) {
      if ("deliver" in next) {
        network.deliver(nodes[next.deliver]!.id);
      } else {
        const attempt = connect(nodes[next.connect]!).then((connection) => {
          if (typeof connection !== "string") open.add(connection);
        });
        attempts.push(attempt);
      }
      await Promise.resolve();
      await Promise.resolve();
      openMax = Math.max(openMax, [...open].filter(isOpen).length);
    }
    await settle();
    await Promise.all(attempts);
    return { openMax, left: [...open].filter(isOpen).length, attempts: attempts.length };
  }

  test("replace leaves one of all, in the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { left, attempts } = await run("replace", steps);
        expect(left).toBe(Math.min(1, attempts));
      }),
      { numRuns: 500 },
    );
  });

  test("reject never lets in two, and always one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { left, openMax, attempts } = await run("reject", steps);
        expect(openMax).toBeLessThanOrEqual(1);
        expect(left).toBe(Math.min(1, attempts));
      }),
      { numRuns: 500 },
    );
  });
});

describe("on a node that is alone", () => {
  test("all is decided in place", async () => {
    const { nodes } = await createFakeNodes(1);
    const { users } = nodes[0];
    const first = nodes[0].connect("alice");
    expect(new LocalSeats(users, "reject").claim("alice")).toMatchObject({ code: "conflict" });
    expect(new LocalSeats(users, "reject").claim("bob")).not.toBeInstanceOf(Failure);
    const seat = new LocalSeats(users, "replace").claim("alice") as Seat;
    expect(first.isOpen).toBe(true);
    const second = nodes[0].connect("alice");
    seat.taken(second.id);
    expect([first.isOpen, second.isOpen]).toEqual([false, true]);
    expect(new LocalSeats(users, "allow").claim("alice")).not.toBeInstanceOf(Failure);
  });
});
