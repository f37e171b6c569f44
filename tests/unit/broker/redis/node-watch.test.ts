import { describe, expect, test } from "bun:test";
import { NodeWatch } from "../../../../src/broker/redis/node-watch.ts";

const there = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([id, stamp]) => [id, { stamp, text: "{}", facts: {} }]));

describe("silence", () => {
  test("is judged by beats: whoever said nothing new in so many of them is too silent", () => {
    const watch = new NodeWatch(3);
    const judged = ["1", "1", "1", "1", "1"].map((stamp) =>
      watch.listen(there({ still: stamp, other: "7" })),
    );
    expect(judged.slice(0, 3)).toEqual([[], [], []]);
    expect(judged[3]).toEqual([
      ["still", "1"],
      ["other", "7"],
    ]);
  });

  test("ends with anything new, and is forgotten of those who left", () => {
    const watch = new NodeWatch(2);
    for (const stamp of ["1", "1", "2", "2"]) expect(watch.listen(there({ a: stamp }))).toEqual([]);
    expect(watch.listen(there({}))).toEqual([]);
    for (const stamp of ["2", "2"]) expect(watch.listen(there({ a: stamp }))).toEqual([]);
    expect(watch.listen(there({ a: "2" }))).toEqual([["a", "2"]]);
  });
});

describe("doubts", () => {
  const nobody = () => false;

  test("end with two beats that bring nothing, once", () => {
    const watch = new NodeWatch(4);
    watch.doubt("a");
    expect([watch.isAbsent("a"), watch.isLost("a")]).toEqual([true, false]);
    expect(watch.resolveDoubts(nobody)).toEqual([]);
    expect(watch.resolveDoubts(nobody)).toEqual(["a"]);
    expect(watch.isLost("a")).toBe(true);
    watch.doubt("a");
    expect(watch.resolveDoubts(nobody)).toEqual([]);
  });

  test("end when the node comes", () => {
    const watch = new NodeWatch(4);
    watch.doubt("a");
    watch.lose("b");
    expect(watch.resolveDoubts(() => true)).toEqual([]);
    expect([watch.isAbsent("a"), watch.isAbsent("b")]).toEqual([false, false]);
  });

  test("are held of a thousand nodes", () => {
    const watch = new NodeWatch(4);
    for (let index = 0; index < 5000; index++) watch.doubt(`node${index}`);
    expect(watch.isAbsent("node0")).toBe(false);
    expect(watch.isAbsent("node4999")).toBe(true);
    expect(watch.resolveDoubts(() => true).length).toBe(0);
    for (let index = 0; index < 1000; index++) watch.lose(`lost${index}`);
    watch.resolveDoubts(nobody);
    expect(watch.resolveDoubts(nobody)).toEqual([]);
  });
});
