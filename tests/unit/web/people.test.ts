import { expect, test } from "bun:test";
import { initials, tintCount, tintOf } from "../../../src/web/page/people.ts";

test("initials are those of the first two words", () => {
  expect(initials("Alice")).toBe("A");
  expect(initials("alice meyer")).toBe("AM");
  expect(initials("anna-lena_b c")).toBe("AL");
  expect(initials("guest-a1b2c3")).toBe("GA");
  expect(initials("李雷")).toBe("李");
  expect(initials("👩‍🚀 Ada")).toBe("👩‍🚀A");
  expect(initials(" -_ ")).toBe("?");
});

test("a name has one colour, and names use them all", () => {
  expect(tintOf("Alice")).toBe(tintOf("Alice"));
  const tints = new Set(Array.from({ length: 200 }, (_, index) => tintOf(`guest-${index}`)));
  expect([...tints].sort()).toEqual(Array.from({ length: tintCount }, (_, index) => index));
});
