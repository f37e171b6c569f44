import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import Type from "typebox";
import { noticeKind, questionKind } from "../../../src/cluster/message-kinds.ts";
import { NodeBus } from "../../../src/cluster/node-bus.ts";
import { Failure } from "../../../src/core/failure.ts";
import { createFakePorts } from "../../support/fake-ports.ts";
import { FakeNetwork, fakeNames } from "./fake-network.ts";

const adding = questionKind("add", Type.Object({ to: Type.Integer() }), Type.Object({ sum: Type.Integer() }));
const greeting = noticeKind("greeting", Type.Object({ text: Type.String() }));

async function start(...ids: string[]) {
  const { scheduler, clock } = createFakePorts();
  const network = new FakeNetwork(clock);
  const buses = ids.map(
    (nodeId) =>
      new NodeBus(
        { nodeId, messageCharactersMax: 1000 },
        { ...network.join(nodeId), names: fakeNames, scheduler },
      ),
  );
  await network.settle();
  return { network, scheduler, buses: buses as [NodeBus, NodeBus, NodeBus] };
}

function answering(bus: NodeBus, add: number): void {
  bus.onQuestion(adding, ({ to }) => ({ sum: to + add }));
}

/** Takes the answers apart, so that they can be compared. */
const shown = (outcome: Awaited<ReturnType<NodeBus["ask"]>>) =>
  outcome instanceof Failure
    ? outcome.code
    : {
        answers: Object.fromEntries(outcome.answers),
        unanswered: outcome.unanswered,
        isComplete: outcome.isComplete,
      };

describe("a question to all nodes", () => {
  test("is answered by all others, each as it comes and all in the end", async () => {
    const { buses, network } = await start("a", "b", "c");
    for (const [index, bus] of buses.entries()) answering(bus, index);
    const heard: unknown[] = [];
    const asked = buses[0].ask(adding, { to: 10 }, (answer, from) => heard.push([from, answer]));
    await network.settle();
    expect(shown(await asked)).toEqual({
      answers: { b: { sum: 11 }, c: { sum: 12 } },
      unanswered: [],
      isComplete: true,
    });
    expect(heard).toEqual([
      ["b", { sum: 11 }],
      ["c", { sum: 12 }],
    ]);
  });

  test("comes back to who asked it, in the order of all questions, without being answered", async () => {
    const { buses, network } = await start("a", "b");
    const order: string[] = [];
    for (const bus of buses) {
      bus.onQuestion(
        adding,
        ({ to }, from) => {
          order.push(`${bus.nodeId} answers ${from} ${to}`);
          return { sum: to };
        },
        ({ to }) => order.push(`${bus.nodeId} hears itself ${to}`),
      );
    }
    const asked = [buses[0].ask(adding, { to: 1 }), buses[1].ask(adding, { to: 2 })];
    await network.settle();
    await Promise.all(asked);
    expect(order.filter((line) => line.startsWith("a"))).toEqual(["a hears itself 1", "a answers b 2"]);
    expect(order.filter((line) => line.startsWith("b"))).toEqual(["b answers a 1", "b hears itself 2"]);
  });

  test("is over at once where there is nobody else", async () => {
    const { buses, network, scheduler } = await start("a");
    const asked = buses[0].ask(adding, { to: 1 });
    await network.settle();
    expect(shown(await asked)).toEqual({ answers: {}, unanswered: [], isComplete: true });
    expect(scheduler.timers).toBe(0);
  });

  test("waits a second for a node that hangs, and names it", async () => {
    const { buses, network, scheduler } = await start("a", "b", "c");
    for (const bus of buses) answering(bus, 1);
    let outcome: unknown = "pending";
    void buses[0].ask(adding, { to: 1 }).then((settled) => {
      outcome = shown(settled);
    });
    await network.settle("c");
    scheduler.advance(999);
    await network.settle("c");
    expect(outcome).toBe("pending");
    scheduler.advance(1);
    await network.settle("c");
    expect(outcome).toEqual({ answers: { b: { sum: 2 } }, unanswered: ["c"], isComplete: false });
  });

  test("does not wait for a node that has crashed, and names it while it is not known to be lost", async () => {
    const { buses, network } = await start("a", "b", "c");
    answering(buses[1], 1);
    network.crash("c");
    const asked = buses[0].ask(adding, { to: 1 });
    await network.settle();
    expect(shown(await asked)).toEqual({ answers: { b: { sum: 2 } }, unanswered: ["c"], isComplete: true });
  });

  test("waits but a little for a connection that no known node holds", async () => {
    const { buses, network, scheduler } = await start("a", "b");
    answering(buses[1], 1);
    network.leaveGhost();
    let outcome: unknown = "pending";
    void buses[0].ask(adding, { to: 1 }).then((settled) => {
      outcome = shown(settled);
    });
    await network.settle();
    scheduler.advance(99);
    await network.settle();
    expect(outcome).toBe("pending");
    scheduler.advance(1);
    await network.settle();
    expect(outcome).toEqual({ answers: { b: { sum: 2 } }, unanswered: [], isComplete: false });
  });

  test("is not waited for where a node does not know it, or says something else", async () => {
    const { buses, network } = await start("a", "b", "c");
    const otherKind = questionKind("add", Type.Object({}), Type.Object({ sum: Type.String() }));
    buses[2].onQuestion(otherKind, () => ({ sum: "of another version" }));
    const asked = buses[0].ask(adding, { to: 1 });
    await network.settle();
    expect(shown(await asked)).toEqual({ answers: {}, unanswered: [], isComplete: true });
  });

  test("fails while the others are out of reach, or may not have got it", async () => {
    const { buses, network } = await start("a", "b");
    network.isDown = true;
    expect(shown(await buses[0].ask(adding, { to: 1 }))).toBe("unavailable");
    network.isDown = false;
    network.losesNext = true;
    expect(shown(await buses[0].ask(adding, { to: 1 }))).toBe("unavailable");
  });

  test("fails when the bus is closed meanwhile", async () => {
    const { buses, network, scheduler } = await start("a", "b");
    const asked = buses[0].ask(adding, { to: 1 });
    await network.settle("b");
    buses[0].close();
    expect(shown(await asked)).toBe("unavailable");
    expect(scheduler.timers).toBe(0);
  });

  test("has its bounds: its length, and how many wait", async () => {
    const { buses } = await start("a", "b");
    const long = questionKind("long", Type.Object({ text: Type.String() }), Type.Object({}));
    expect(shown(await buses[0].ask(long, { text: "x".repeat(1000) }))).toBe("too_large");
    for (let count = 0; count < 10_000; count++) void buses[0].ask(adding, { to: count });
    expect(shown(await buses[0].ask(adding, { to: 0 }))).toBe("rate_limited");
    buses[0].close();
  });
});

describe("a notice", () => {
  test("goes to one node, or to all others, and says who sent it", async () => {
    const { buses, network } = await start("a", "b", "c");
    const heard: string[] = [];
    for (const bus of buses) {
      bus.onNotice(greeting, ({ text }, from) => heard.push(`${bus.nodeId}: ${text} from ${from}`));
    }
    expect(await buses[0].send("b", greeting, { text: "hi" })).toBeNull();
    expect(await buses[0].broadcast(greeting, { text: "hello" })).toBeNull();
    await network.settle();
    expect(heard.sort()).toEqual(["b: hello from a", "b: hi from a", "c: hello from a"]);
  });

  test("says when it may not have arrived", async () => {
    const { buses, network } = await start("a", "b");
    network.isDown = true;
    expect((await buses[0].send("b", greeting, { text: "hi" }))?.code).toBe("unavailable");
    expect((await buses[0].broadcast(greeting, { text: "x".repeat(2000) }))?.code).toBe("too_large");
  });
});

describe("what is no message between nodes", () => {
  const message = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        t: fc.constantFrom("notice", "question", "answer", "none", "other"),
        f: fc.constantFrom("a", "b", ""),
        k: fc.constantFrom("add", "greeting", ""),
        i: fc.oneof(fc.integer(), fc.constant("1"), fc.constant(undefined)),
        p: fc.oneof(fc.jsonValue(), fc.constant({ to: "1" }), fc.constant({ text: 1 })),
      })
      .map((envelope) => JSON.stringify(envelope)),
  );

  test("of whatever text: is passed over, and handlers see nothing that their kind does not allow", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message), fc.boolean(), async (texts, toAll) => {
        const { buses, network } = await start("a", "b");
        buses[0].onNotice(greeting, ({ text }) => expect(text).toBeString());
        buses[0].onQuestion(adding, ({ to }) => {
          expect(to).toBeInteger();
          return { sum: to };
        });
        answering(buses[1], 1);
        const asked = buses[0].ask(adding, { to: 1 });
        for (const text of texts) network.inject(toAll ? fakeNames.allNodes : fakeNames.inbox("a"), text);
        await network.settle();
        buses[0].close();
        const outcome = await asked;
        if (!(outcome instanceof Failure)) {
          for (const { sum } of outcome.answers.values()) expect(sum).toBeInteger();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("longer than may be: is passed over unread", async () => {
    const { buses, network } = await start("a");
    let heard = 0;
    buses[0].onNotice(greeting, () => heard++);
    const notice = (text: string) => JSON.stringify({ t: "notice", f: "b", k: "greeting", p: { text } });
    network.inject(fakeNames.inbox("a"), notice("x".repeat(1000)));
    network.inject(fakeNames.inbox("a"), notice("short"));
    await network.settle();
    expect(heard).toBe(1);
  });
});
