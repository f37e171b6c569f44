import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isNestedDeeper } from "../../../src/protocol/json-depth.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

const brackets = fc.string({ unit: fc.constantFrom("[", "]", "{", "}", '"', "\\", "a") });
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 12 }, brackets, fc.integer(), tie("list"), tie("object")),
  list: fc.array(tie("any"), { maxLength: 4 }),
  object: fc.dictionary(brackets, tie("any"), { maxKeys: 4 }),
})).any;

describe("the depth of JSON text", () => {
  test("is that of what it is parsed to, whatever its strings hold", () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1), (parsed, indent) => {
        const text = JSON.stringify(parsed, null, indent);
        const depth = depthOf(parsed);
        for (const levels of [0, 1, depth - 1, depth, depth + 1]) {
          if (levels >= 0) expect(isNestedDeeper(text, levels)).toBe(depth > levels);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("of text beyond Latin letters too", () => {
    expect(isNestedDeeper(`["☃${"[".repeat(20)}",[["ü"]]]`, 3)).toBe(false);
    expect(isNestedDeeper(`["☃${"[".repeat(20)}",[[["ü"]]]]`, 3)).toBe(true);
  });

  test("of what is no JSON harms nobody", () => {
    for (const text of [
      '"'.repeat(1000),
      "\\".repeat(1000),
      "]".repeat(1000),
      `"${"\\".repeat(999)}`,
      "[{".repeat(9),
    ]) {
      expect(() => isNestedDeeper(text, 10)).not.toThrow();
    }
  });

  test("is found in time that grows with the text alone", () => {
    const hostile = [
      "[".repeat(1_000_000),
      "[],".repeat(350_000),
      `["${'\\"'.repeat(500_000)}",${"[],".repeat(1000)}1]`,
      `${"[1,".repeat(200)}"${"\\".repeat(1_000_000)}`,
      `{"a":"${"[".repeat(1_000_000)}"}`,
    ];
    for (const text of hostile) {
      const startedMs = performance.now();
      isNestedDeeper(text, 136);
      expect(performance.now() - startedMs).toBeLessThan(250);
    }
  });
});
