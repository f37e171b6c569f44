import { joinPath, type Problem } from "./problem.ts";

const depthMax = 100;

/** Marks of typebox for what is a function, and would check nothing as JSON. */
const functionMarks = ["~refine", "~codec"];

/**
 * Finds what of a value would be lost as JSON. A rules file may come as a program, but what it says is data: it
 * crosses from one process to another, and stands in public documents.
 */
export function findLost(value: unknown): Problem[] {
  const problems: Problem[] = [];
  walk(value, "", [], problems);
  return problems;
}

function walk(value: unknown, path: string, above: readonly object[], problems: Problem[]): void {
  const fail = (what: string) => problems.push({ path, text: `is ${what}. Give what JSON can say.` });
  switch (typeof value) {
    case "function":
      fail("a function");
      return;
    case "bigint":
    case "symbol":
      fail(`a ${typeof value}`);
      return;
    case "number":
      if (!Number.isFinite(value)) fail(String(value));
      return;
    case "object":
      if (value !== null) walkObject(value, path, above, problems, fail);
  }
}

function walkObject(
  value: object,
  path: string,
  above: readonly object[],
  problems: Problem[],
  fail: (what: string) => void,
): void {
  const prototype = Object.getPrototypeOf(value);
  if (above.includes(value) || above.length > depthMax) {
    fail("contained in itself, or nested too deep");
  } else if (functionMarks.some((mark) => Object.hasOwn(value, mark))) {
    fail("a schema that is checked by a function (Refine, Codec)");
  } else if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype) {
    fail(`a ${prototype.constructor?.name ?? "special object"}`);
  } else {
    for (const [name, inner] of Object.entries(value)) {
      walk(inner, joinPath(path, Array.isArray(value) ? Number(name) : name), [...above, value], problems);
    }
  }
}
