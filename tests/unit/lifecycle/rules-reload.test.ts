import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RulesReload } from "../../../src/lifecycle/rules-reload.ts";
import { type LoadedRules, loadRules } from "../../../src/rules/rules-file.ts";

let folder: string;
let path: string;
let told: unknown[][];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-rules-"));
  path = join(folder, "fanfare.config.json");
  told = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function reloadOf(setting = ""): Promise<RulesReload> {
  const loaded = (await loadRules(setting, folder)) as LoadedRules;
  return new RulesReload(setting, folder, loaded, {
    log: {
      info: (fields, message) => told.push(["info", message, fields]),
      error: (fields, message) => told.push(["error", message, fields]),
    },
    replace: (rules) => told.push(["replaced", [...rules.keys()]]),
  });
}

const write = (text: string) => writeFileSync(path, text);

test("a file that is good takes the place of the old one, also where there was none", async () => {
  const reload = await reloadOf();
  write('{"topics":{"a":{},"b":{}}}');
  await reload.reload();
  expect(told).toEqual([
    ["replaced", ["a", "b"]],
    ["info", "rules read again", { file: path, patterns: 2 }],
  ]);
});

test("a file that is wrong changes nothing, and the log says all that is wrong", async () => {
  write('{"topics":{"a":{}}}');
  const reload = await reloadOf();
  write('{"topics":{"a":{"flsh_ms":1},"b":5}}');
  await reload.reload();
  expect(told).toHaveLength(1);
  expect(told[0]).toEqual([
    "error",
    "rules stay as they were: their file is wrong",
    { problems: expect.stringMatching(/2 errors:\n.*Did you mean flush_ms.*\n.*topics\.b: is 5/) },
  ]);
});

test("a file that is gone opens no topic", async () => {
  write('{"topics":{"a":{}}}');
  const reload = await reloadOf();
  rmSync(path);
  await reload.reload();
  expect(told).toEqual([["error", "rules stay as they were: their file is gone", { file: path }]]);
  write('{"topics":{"c":{}}}');
  await reload.reload();
  expect(told[1]).toEqual(["replaced", ["c"]]);
});

test("the last of several files counts, however quickly they come", async () => {
  const file = join(folder, "slow.mjs");
  write("{}");
  const reload = await reloadOf();
  const moved = new RulesReload(
    "slow.mjs",
    folder,
    { file: null, rules: new Map() },
    {
      log: { info: () => {}, error: (fields) => told.push(["error", fields]) },
      replace: (rules) => told.push([...rules.keys()]),
    },
  );
  writeFileSync(file, "export default { topics: { one: {} } }");
  const first = moved.reload();
  writeFileSync(file, "export default { topics: { two: {} } }");
  await Promise.all([first, moved.reload(), reload.reload()]);
  expect(told.at(-1)).toEqual(["two"]);
});
