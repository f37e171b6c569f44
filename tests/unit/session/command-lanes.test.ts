import { describe, expect, test } from "bun:test";
import { CommandLanes, type Sharing } from "../../../src/session/command-lanes.ts";

function start() {
  const log: string[] = [];
  const lanes = new CommandLanes({
    changed: () => log.push(`pending ${lanes.pending}`),
    broke: () => log.push("broke"),
  });
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  /** A command that ends when the test says so. */
  const command = (name: string) => () => {
    log.push(name);
    return new Promise<void>((resolve, reject) => {
      ends.set(name, { resolve, reject });
    });
  };
  const run = (sharing: Sharing, name: string, begin: () => void | Promise<void> = command(name)) => {
    if (lanes.holdsUp("t", sharing)) {
      lanes.queue("t", sharing, begin);
      return;
    }
    const underWay = begin();
    if (underWay instanceof Promise) lanes.begun("t", sharing, underWay);
  };
  const end = async (name: string, error?: Error) => {
    if (error === undefined) ends.get(name)!.resolve();
    else ends.get(name)!.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const take = () => log.splice(0);
  return { lanes, run, end, take };
}

describe("commands of one topic", () => {
  test("that are shared are under way beside each other", async () => {
    const { lanes, run, end, take } = start();
    for (const name of ["a", "b", "c"]) run("shared", name);
    expect(take()).toEqual(["a", "b", "c"]);
    expect(lanes.pending).toBe(3);
    await end("b");
    await end("a");
    await end("c");
    expect(take()).toEqual(["pending 2", "pending 1", "pending 0"]);
    expect(lanes.holdsUp("t", "alone")).toBe(false);
  });

  test("one that is alone waits for those before it, and holds up those behind it", async () => {
    const { run, end, take } = start();
    run("shared", "a");
    run("shared", "b");
    run("alone", "C");
    run("shared", "d");
    run("shared", "e");
    run("alone", "F");
    expect(take()).toEqual(["a", "b"]);
    await end("a");
    expect(take()).toEqual(["pending 5"]);
    await end("b");
    expect(take()).toEqual(["C", "pending 4"]);
    await end("C");
    expect(take()).toEqual(["d", "e", "pending 3"]);
    await end("e");
    await end("d");
    expect(take()).toEqual(["pending 2", "F", "pending 1"]);
    await end("F");
    expect(take()).toEqual(["pending 0"]);
  });

  test("that end in place let the next ones begin at once", async () => {
    const { lanes, run, end, take } = start();
    run("alone", "A");
    const order: string[] = [];
    run("alone", "B", () => {
      order.push("B");
    });
    run("shared", "c", () => {
      order.push("c");
    });
    run("alone", "D");
    await end("A");
    expect(order).toEqual(["B", "c"]);
    expect(take()).toEqual(["A", "D", "pending 1"]);
    await end("D");
    expect(lanes.pending).toBe(0);
  });

  test("that break off stop nobody, and it is told", async () => {
    const { lanes, run, end, take } = start();
    run("shared", "a");
    run("alone", "B");
    run("alone", "C");
    await end("a", new Error("lost"));
    await end("B", new Error("lost"));
    expect(take()).toEqual(["a", "broke", "B", "pending 2", "broke", "C", "pending 1"]);
    await end("C");
    expect(lanes.pending).toBe(0);
  });

  test("that have not begun are forgotten when the lanes are cleared", async () => {
    const { lanes, run, end, take } = start();
    run("alone", "A");
    run("alone", "B");
    run("shared", "c");
    lanes.clear();
    expect(lanes.pending).toBe(1);
    await end("A");
    expect(take()).toEqual(["A", "pending 0"]);
  });
});
