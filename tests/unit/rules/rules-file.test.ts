import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeRefused, isRefused, type LoadedRules, loadRules } from "../../../src/rules/rules-file.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-rules-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function accepted(setting = ""): Promise<LoadedRules> {
  const loaded = await loadRules(setting, folder);
  if (isRefused(loaded)) throw new Error(describeRefused(loaded));
  return loaded;
}

async function refused(setting = ""): Promise<string> {
  const loaded = await loadRules(setting, folder);
  if (!isRefused(loaded)) throw new Error("it was accepted");
  return describeRefused(loaded);
}

const json = '{"topics":{"chat":{"flush_ms":7}}}';
const program = `export default ${json}`;

describe("where the file is looked for", () => {
  test("nowhere is there any: no rules", async () => {
    expect(await accepted()).toEqual({ file: null, rules: new Map() });
  });

  test.each([
    ["fanfare.config.json", json],
    ["fanfare.config.js", program],
    ["fanfare.config.ts", `const flush_ms: number = 7; export default { topics: { chat: { flush_ms } } };`],
  ])("%s in the folder", async (name, text) => {
    const path = write(name, text);
    const loaded = await accepted();
    expect(loaded.file).toBe(path);
    expect(loaded.rules.get("chat")).toEqual({ flushMs: 7 });
  });

  test("RULES_FILE, from the folder on", async () => {
    write("fanfare.config.json", "broken");
    const path = write("rules.mjs", program);
    expect((await accepted("rules.mjs")).file).toBe(path);
    expect((await accepted(path)).rules.size).toBe(1);
    expect((await accepted("none")).file).toBeNull();
  });

  test("two of them are refused: which one counts would be a guess", async () => {
    write("fanfare.config.json", json);
    write("fanfare.config.ts", program);
    expect(await refused()).toEndWith(
      "fanfare.config.json is there too. Keep one of them, or set RULES_FILE.",
    );
  });

  test("one that is not there, and one of another kind", async () => {
    write("rules.yaml", "topics:");
    expect(await refused("missing.json")).toContain("there is no such file. Set RULES_FILE to where it is");
    expect(await refused("rules.yaml")).toContain("its name ends in neither .json nor .ts");
  });
});

describe("a program", () => {
  test("needs no packages around it for typebox and defineConfig", async () => {
    write(
      "fanfare.config.ts",
      `import { defineConfig, Type } from "fanfare/config";
       import Other from "typebox";
       const data = Type.Object({ a: Other.Number() });
       export default defineConfig({ topics: { chat: { schema: data } } });`,
    );
    const { rules } = await accepted();
    expect(rules.get("chat")?.payload?.check({ a: "1" })?.message).toBe("data.a: must be of type number");
  });

  test("is read afresh each time, with what it imports", async () => {
    write(
      "fanfare.config.ts",
      `import { n } from "./n.ts"; export default { topics: { a: { flush_ms: n } } };`,
    );
    write("n.ts", "export const n = 1;");
    expect((await accepted()).rules.get("a")?.flushMs).toBe(1);
    write("n.ts", "export const n = 2;");
    expect((await accepted()).rules.get("a")?.flushMs).toBe(2);
  });

  test("may say as much as it wants, print, and keep a timer", async () => {
    write(
      "fanfare.config.js",
      `console.log('{"topics":{}}'); setInterval(() => {}, 1000);
       const topics = {};
       for (let i = 0; i < 9000; i++) topics["topic-" + i] = { flush_ms: 1, schema: { description: "x".repeat(50) } };
       export default { topics };`,
    );
    expect((await accepted()).rules.size).toBe(9000);
  });

  test.each([
    ["throws", `\nthrow new Error("boom")`, /- line 2, column \d+: boom\.$/],
    ["is broken", "export default {\n", /- line 1, column 17: Expected identifier.+[^.]\.$/],
    ["imports what is not there", `import "./nowhere.ts"`, "nowhere.ts"],
    ["exits", "process.exit(3)", "it ended by itself (exit code 3)."],
    ["exits with a word", `console.error("no DNS"); process.exit(4)`, "(exit code 4): no DNS."],
    ["exports nothing", "export const topics = {}", "it has no default export. Write"],
    ["exports a function", "export default () => ({})", "is a function. Give what JSON can say."],
    ["exports too much", `export default { x: "x".repeat(9_000_000) }`, "what it says is too large."],
    [
      "is wrong",
      "export default { topics: { chat: { flush_ms: 1e9 } } }",
      "topics.chat.flush_ms: is 1000000000.",
    ],
    ["rejects", `await Promise.reject(new Error("late"))`, "late"],
  ])("that %s is refused", async (_what, text, reason) => {
    const path = write("fanfare.config.ts", text);
    const told = await refused();
    expect(told).toStartWith(`The rules in ${path} are not valid, 1 error:\n  - `);
    if (typeof reason === "string") expect(told).toContain(reason);
    else expect(told).toMatch(reason);
  });

  test("that says what JSON cannot say is refused with the places", async () => {
    write(
      "fanfare.config.ts",
      `import { Type } from "fanfare/config";
       const ring = {}; ring.self = ring;
       export default { topics: { a: { schema: Type.Refine(Type.String(), (text) => text === "a") },
         b: { flush_ms: 1n, rate_max: Infinity, history_age: new Date(0) }, c: ring } };`,
    );
    expect((await refused()).split("\n").slice(1)).toEqual([
      "  - topics.a.schema: is a schema that is checked by a function (Refine, Codec). Give what JSON can say.",
      "  - topics.b.flush_ms: is a bigint. Give what JSON can say.",
      "  - topics.b.rate_max: is Infinity. Give what JSON can say.",
      "  - topics.b.history_age: is a Date. Give what JSON can say.",
      "  - topics.c.self: is contained in itself, or nested too deep. Give what JSON can say.",
    ]);
  });

  test("that never ends is given up, and does not stay behind", async () => {
    const endless = ["while (true) {}", "setInterval(() => {}, 1000); await new Promise(() => {})"];
    const paths = endless.map((text, index) => write(`endless-${index}.ts`, text));
    const told = await Promise.all(paths.map((path) => refused(path)));
    for (const text of told) expect(text).toContain("it had not ended after 5 seconds. It should say rules");
    const running = Bun.spawnSync(["sh", "-c", "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"]);
    for (const path of paths) {
      expect(running.stdout.toString()).not.toContain(`FANFARE_EVALUATE_RULES=${path}`);
    }
  }, 15_000);
});

describe("a JSON file", () => {
  test("that is broken is refused", async () => {
    write("fanfare.config.json", "{topics:}");
    expect(await refused()).toMatch(/- it is no JSON: .+\.$/);
  });

  test("that is wrong in many places is told the first fifty", async () => {
    const topics = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`t${index}`, 1]));
    write("fanfare.config.json", JSON.stringify({ topics }));
    const lines = (await refused()).split("\n");
    expect(lines[0]).toContain("60 errors");
    expect(lines).toHaveLength(52);
    expect(lines.at(-1)).toBe("  - and 10 more");
  });
});
