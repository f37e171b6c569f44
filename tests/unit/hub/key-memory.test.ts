import { describe, expect, test } from "bun:test";
import { KeyMemory } from "../../../src/hub/key-memory.ts";

describe("key memory", () => {
  test("remembers the offset of a key until it is too old", () => {
    const keys = new KeyMemory(100, 10);
    keys.remember("k", 7, 1000);
    expect(keys.offsetOf("k", 1000)).toBe(7);
    expect(keys.offsetOf("k", 1099)).toBe(7);
    expect(keys.offsetOf("k", 1100)).toBeUndefined();
    expect(keys.offsetOf("other", 1000)).toBeUndefined();
  });

  test("forgets the oldest beyond its number, also when one is remembered anew", () => {
    const keys = new KeyMemory(100, 3);
    keys.remember("a", 1, 0);
    keys.remember("b", 2, 1);
    keys.remember("c", 3, 2);
    keys.remember("a", 4, 3);
    keys.remember("d", 5, 4);
    expect(["a", "b", "c", "d"].map((key) => keys.offsetOf(key, 5))).toEqual([4, undefined, 3, 5]);
    expect(keys.size).toBe(3);
  });

  test("holds nothing beyond its age once trimmed, whatever its number", () => {
    const keys = new KeyMemory(100, 1000);
    for (let number = 0; number < 500; number++) keys.remember(`k${number}`, number, number);
    expect(keys.size).toBe(100);
    keys.trim(10_000);
    expect(keys.size).toBe(0);
    expect(keys.bytes).toBe(0);
  });

  test("bytes go up with each key and down with each that goes", () => {
    const keys = new KeyMemory(100, 2);
    keys.remember("a", 1, 0);
    const one = keys.bytes;
    expect(one).toBeGreaterThan(1);
    keys.remember("a", 2, 0);
    expect(keys.bytes).toBe(one);
    keys.remember("bbbb", 3, 0);
    expect(keys.bytes).toBe(2 * one + 3);
    keys.remember("c", 4, 0);
    expect(keys.bytes).toBe(2 * one + 3);
  });
});
