import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Problem } from "../../../src/rules/problem.ts";
import { readRules } from "../../../src/rules/read-rules.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { WireConversation } from "./support/conversation.ts";
import { blocksIn, readDocument, root, section, tableRows } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

const document = await readDocument("docs/rules.md");
const program = blocksIn(document, "ts")[0]!.lines.join("\n");

let folder: string;
let server: SpawnedServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fanfare-rules-"));
  await Bun.write(join(folder, "fanfare.config.ts"), program);
  server = await spawnServer({ cwd: folder, env: { LOG_DIR: "logs" } });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

test("a server with the example's rules does what it says, also when they are changed", async () => {
  const placeholders = new Placeholders();
  placeholders.set("port", String(server.port));
  placeholders.set("pid", String(server.process.pid));
  const shell = new Shell({ folder, placeholders });
  const connect = (path: string) => WireConversation.open(server.url, path, placeholders);
  const runner = new ExampleRunner({ shell, connect });
  try {
    for (const example of blocksIn(document, "console", "wire")) await runner.run(document, example);
    await runner.end();
  } finally {
    await shell.stop();
  }
}, 60_000);

describe("the example", () => {
  test("is right for the compiler too", async () => {
    const file = join(root, "tests/e2e/docs", `rules-example-${process.pid}.ts`);
    await Bun.write(file, program);
    try {
      const options = ["--noEmit", "--ignoreConfig", "--strict", "--module", "Preserve", "--skipLibCheck"];
      const flags = [
        ...options,
        "--allowImportingTsExtensions",
        "--types",
        "bun-types",
        "--target",
        "ESNext",
      ];
      const check = Bun.spawn([join(root, "node_modules/.bin/tsc"), ...flags, file], { cwd: root });
      expect(await check.stdout.text()).toBe("");
      expect(await check.exited).toBe(0);
    } finally {
      await rm(file);
    }
  }, 30_000);

  test("of JSON is a rules file", () => {
    const [json] = blocksIn(document, "json");
    expect(readRules(JSON.parse(json!.lines.join("\n")))).toBeInstanceOf(Map);
  });
});

test("every field is described", () => {
  const rows = tableRows(section(document, "## The fields")).map(([field]) => field!.slice(1, -1));
  const known = /Give an object with some of (.+)\.$/.exec(
    (readRules({ topics: { a: 1 } }) as Problem[])[0]!.text,
  )![1]!;
  expect(rows).toEqual(known.split(", "));
});
