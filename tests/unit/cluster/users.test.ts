import { describe, expect, test } from "bun:test";
import Type from "typebox";
import { noticeKind } from "../../../src/cluster/message-kinds.ts";
import { Failure } from "../../../src/core/failure.ts";
import { createFakeNodes } from "./fake-nodes.ts";

const sorted = (found: ReadonlySet<string> | Failure | "pending") =>
  found instanceof Set ? [...found].sort() : found instanceof Failure ? found.code : found;

describe("who is connected", () => {
  test("is known in place where all are here", async () => {
    const { nodes, network } = await createFakeNodes(2);
    nodes[0].connect("alice");
    expect(nodes[0].cluster.connectedAmong(["alice"])).toEqual(new Set(["alice"]));
    expect(network.published).toHaveLength(0);
  });

  test("is found on any node, by WebSocket or event stream, at this very moment", async () => {
    const { nodes, settle } = await createFakeNodes(3);
    const bob = nodes[1].connect("bob");
    nodes[2].connect("carol", "sse");
    const ask = async () => {
      const found = nodes[0].cluster.connectedAmong(["alice", "bob", "carol"]);
      await settle();
      return sorted(await found);
    };
    expect(await ask()).toEqual(["bob", "carol"]);
    bob.leave();
    expect(await ask()).toEqual(["carol"]);
  });

  test("is one question for all who ask in one turn, and each hears of its own", async () => {
    const { nodes, network, settle } = await createFakeNodes(2);
    nodes[1].connect("bob");
    const users = Array.from({ length: 400 }, (_, index) => `user-${index}`);
    const found = [
      nodes[0].cluster.connectedAmong(["bob"]),
      nodes[0].cluster.connectedAmong(users),
      nodes[0].cluster.connectedAmong(["bob", "alice"]),
    ];
    await settle();
    expect((await Promise.all(found)).map(sorted)).toEqual([["bob"], [], ["bob"]]);
    expect(network.published.filter(({ channel }) => channel === "all")).toHaveLength(1);
  });

  test("of many users is asked in parts", async () => {
    const { nodes, network, settle } = await createFakeNodes(2);
    const users = Array.from({ length: 1200 }, (_, index) => `user-${index}`);
    for (const userId of users.slice(0, 1000)) nodes[1].connect(userId);
    const found = nodes[0].cluster.connectedAmong(users);
    await settle();
    expect(sorted(await found)).toHaveLength(1000);
    expect(network.published.filter(({ channel }) => channel === "all")).toHaveLength(3);
  });

  test("does not wait for a node that hangs, once all are found", async () => {
    const { nodes, settle, peek } = await createFakeNodes(3);
    nodes[1].connect("bob");
    const found = nodes[0].cluster.connectedAmong(["bob"]);
    const absent = nodes[0].cluster.connectedAmong(["nobody"]);
    await settle("c");
    expect(sorted(await peek(found))).toEqual(["bob"]);
    expect(sorted(await peek(absent))).toBe("pending");
  });

  test("leaves out a node that does not answer within a second", async () => {
    const { nodes, scheduler, settle } = await createFakeNodes(3);
    nodes[2].connect("carol");
    const found = nodes[0].cluster.connectedAmong(["carol"]);
    await settle("c");
    scheduler.advance(1000);
    await settle("c");
    expect(sorted(await found)).toEqual([]);
  });

  test("is unknown while no other node can be asked, but for those who are here", async () => {
    const { nodes, network, settle } = await createFakeNodes(2);
    nodes[0].connect("alice");
    network.isDown = true;
    const here = nodes[0].cluster.connectedAmong(["alice"]);
    const both = nodes[0].cluster.connectedAmong(["alice", "bob"]);
    await settle();
    expect([sorted(await here), sorted(await both)]).toEqual([["alice"], "unavailable"]);
  });
});

describe("what is done with all connections of a user", () => {
  test("disconnecting ends them on all nodes", async () => {
    const { nodes, settle } = await createFakeNodes(3);
    const connections = [
      nodes[0].connect("alice"),
      nodes[1].connect("alice", "sse"),
      nodes[1].connect("alice"),
    ];
    const bob = nodes[2].connect("bob");
    const reached = nodes[2].cluster.disconnect("alice", "forbidden");
    await settle();
    expect(await reached).toEqual({ connections: 3, unanswered: [] });
    expect(connections.map(({ closedFor }) => closedFor)).toEqual(["forbidden", "forbidden", "forbidden"]);
    expect(bob.closedFor).toBeNull();
  });

  test("subscribing and unsubscribing reach the WebSockets on all nodes, and count them", async () => {
    const { nodes, settle } = await createFakeNodes(2);
    const [first, second, stream] = [
      nodes[0].connect("alice"),
      nodes[1].connect("alice"),
      nodes[1].connect("alice", "sse"),
    ];
    const subscribed = nodes[0].cluster.subscribe("alice", ["news", "sports"]);
    await settle();
    expect(await subscribed).toEqual({ connections: 2, unanswered: [] });
    for (const { topics } of [first, second]) expect([...topics]).toEqual(["news", "sports"]);
    expect(stream.topics.size).toBe(0);
    const unsubscribed = nodes[1].cluster.unsubscribe("alice", ["news"]);
    await settle();
    expect(await unsubscribed).toEqual({ connections: 2, unanswered: [] });
    for (const { topics } of [first, second]) expect([...topics]).toEqual(["sports"]);
    const nobody = nodes[1].cluster.subscribe("nobody", ["news"]);
    await settle();
    expect(await nobody).toEqual({ connections: 0, unanswered: [] });
  });

  test("names the nodes that did not say that it is done", async () => {
    const { nodes, scheduler, settle } = await createFakeNodes(3);
    nodes[0].connect("alice");
    nodes[2].connect("alice");
    const reached = nodes[0].cluster.disconnect("alice", "forbidden");
    await settle("c");
    scheduler.advance(1000);
    await settle("c");
    expect(await reached).toEqual({ connections: 1, unanswered: ["name-c"] });
  });

  test("is done here, and fails, while no other node can be told", async () => {
    const { nodes, network } = await createFakeNodes(2);
    const here = nodes[0].connect("alice");
    network.isDown = true;
    expect(await nodes[0].cluster.disconnect("alice", "forbidden")).toMatchObject({ code: "unavailable" });
    expect(here.isOpen).toBe(false);
  });
});

describe("the WebSockets that read notifications", () => {
  async function readers(...counts: number[]) {
    const created = await createFakeNodes(counts.length);
    for (const [index, count] of counts.entries()) created.nodes[index]!.readers = count;
    return created;
  }

  test("are counted on all nodes", async () => {
    const { nodes, settle } = await readers(1, 2, 3);
    const count = nodes[1].cluster.countNotificationReaders();
    await settle();
    expect(await count).toBe(6);
  });

  test("count as a node last said where it does not answer, and not at all where it is gone", async () => {
    const { nodes, network, scheduler, settle } = await readers(1, 2, 3);
    const hanging = nodes[0].cluster.countNotificationReaders();
    await settle("c");
    scheduler.advance(1000);
    await settle("c");
    expect(await hanging).toBe(6);
    network.crash("c");
    const gone = nodes[0].cluster.countNotificationReaders();
    await settle();
    expect(await gone).toBe(3);
  });

  test("are those of this node while no other can be asked", async () => {
    const { nodes, network } = await readers(1, 2);
    network.isDown = true;
    expect(await nodes[0].cluster.countNotificationReaders()).toBe(1);
  });
});

describe("the nodes", () => {
  test("are listed with what they say of themselves, this one first", async () => {
    const { nodes, network } = await createFakeNodes(3);
    nodes[1].connect("bob");
    expect(nodes[1].cluster.nodes().map(({ node, connections }) => [node, connections.websocket])).toEqual([
      ["name-b", 1],
      ["name-a", 0],
      ["name-c", 0],
    ]);
    network.lose("c");
    network.join("d", () => ({ node: "of another version" }));
    expect(nodes[0].cluster.nodes().map(({ node }) => node)).toEqual(["name-a", "name-b"]);
  });
});

test("a node that comes has the others look at the directory, once it is in it", async () => {
  const { network } = await createFakeNodes(3);
  const counts = ["a", "b", "c"].map((nodeId) => network.beats.filter((beat) => beat === nodeId).length);
  expect(counts).toEqual([3, 3, 3]);
});

describe("a notice to all", () => {
  const greeting = noticeKind("greeting", Type.Object({ text: Type.String() }));

  test("is heard by all other nodes", async () => {
    const { nodes, settle } = await createFakeNodes(3);
    const heard: string[] = [];
    for (const { cluster, id } of nodes)
      cluster.onBroadcast(greeting, ({ text }) => heard.push(`${id}: ${text}`));
    expect(await nodes[1].cluster.broadcast(greeting, { text: "hi" })).toBeNull();
    await settle();
    expect(heard.sort()).toEqual(["a: hi", "c: hi"]);
  });

  test("that may not have arrived is a failure", async () => {
    const { nodes, network } = await createFakeNodes(2);
    network.isDown = true;
    expect(await nodes[0].cluster.broadcast(greeting, { text: "hi" })).toMatchObject({ code: "unavailable" });
  });
});

describe("what the whole cluster does once", () => {
  test("is the turn of whoever asks first, until the interval is over", async () => {
    const { nodes, network } = await createFakeNodes(2);
    const take = (index: 0 | 1, name = "notification") => nodes[index].cluster.takeTurn(name, 10_000);
    expect([await take(0), await take(1), await take(0)]).toEqual([1, null, null]);
    expect(await take(1, "alert")).toBe(1);
    expect(network.expire("turn:notification")).toBe("a NX PX 9500");
    expect([await take(1), await take(0)]).toEqual([2, null]);
  });

  test("lives a little shorter than its interval, however short that is", async () => {
    const { nodes, network } = await createFakeNodes(1);
    const lives = async (intervalMs: number) => {
      await nodes[0].cluster.takeTurn("notification", intervalMs);
      return network.expire("turn:notification");
    };
    expect([await lives(1000), await lives(50), await lives(1)]).toEqual([
      "a NX PX 900",
      "a NX PX 45",
      "a NX PX 1",
    ]);
  });

  test("is every node's own while they cannot agree", async () => {
    const { nodes, network } = await createFakeNodes(2);
    network.isDown = true;
    const take = (index: 0 | 1) => nodes[index].cluster.takeTurn("notification", 1000);
    expect([await take(0), await take(0), await take(1)]).toEqual([1, 2, 1]);
  });
});
