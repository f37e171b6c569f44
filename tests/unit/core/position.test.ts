import { describe, expect, test } from "bun:test";
import { isEpoch, parseOffset, parsePosition } from "../../../src/core/position.ts";

describe("positions", () => {
  test("offsets: whole decimal numbers up to 2^53 - 1", () => {
    expect(parseOffset("0")).toBe(0);
    expect(parseOffset("17")).toBe(17);
    expect(parseOffset("007")).toBe(7);
    expect(parseOffset("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    for (const text of [
      "",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x1",
      " 1",
      "1 ",
      "1\n",
      "9007199254740992",
      "99999999999999999",
      "x",
      "١",
    ]) {
      expect(parseOffset(text)).toBeNull();
    }
  });

  test("epochs: 1 to 32 of A-Z a-z 0-9 _ -", () => {
    for (const text of ["a", "Az09_-", "e".repeat(32)]) expect(isEpoch(text)).toBe(true);
    for (const text of ["", "e".repeat(33), "a b", "a:b", "a.b", "a~b", "a\n"])
      expect(isEpoch(text)).toBe(false);
  });

  test("epoch:offset", () => {
    expect(parsePosition("e1-a:12")).toEqual({ epoch: "e1-a", offset: 12 });
    for (const text of ["", ":", "e", "e:", ":12", "e:x", "e:-1", "e e:1", "a:b:1", "e:1:"]) {
      expect(parsePosition(text)).toBeNull();
    }
  });
});
