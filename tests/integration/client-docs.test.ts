import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../src/lifecycle/server.ts";
import { startTestServer } from "../support/server.ts";

const root = new URL("../../", import.meta.url).pathname;
const guide = await readFile(join(root, "docs/sdk.md"), "utf8");

/** The examples of the guide with what each is said to print. */
const examples = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => {
  const [, anyOrder, lines = ""] = /^\/\/ prints( in any order)?:\n(.*)$/ms.exec(code) ?? [];
  const prints = lines.split("\n").map((line) => line.replace(/^\/\/ /, ""));
  return { code, prints: prints.filter((line) => line !== ""), inOrder: anyOrder === undefined };
});

let server: RunningServer;
let directory: string;

beforeAll(async () => {
  server = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), "fanfare-guide-"));
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

async function run(code: string, name: string): Promise<string[]> {
  const file = join(directory, `${name}.ts`);
  const runnable = code
    .replace('"./fanfare-client.js"', JSON.stringify(join(root, "src/client/index.ts")))
    .replaceAll("http://localhost:8000", server.url);
  await writeFile(file, runnable);
  const lines: string[] = [];
  const log = spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    const texts = values.map((value) =>
      typeof value === "string" ? value : Bun.inspect(value).replace(/,?\s+/g, " "),
    );
    lines.push(texts.join(" "));
  });
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  return lines;
}

describe("the examples of the guide", () => {
  test("are there", () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
    for (const { prints } of examples) expect(prints).not.toEqual([]);
  });

  test.each(examples.map((example, index) => [index + 1, example] as const))(
    "number %d prints what it says",
    async (number, { code, prints, inOrder }) => {
      const printed = await run(code, `example-${number}`);
      if (inOrder) expect(printed).toEqual(prints);
      else expect(printed.toSorted()).toEqual(prints.toSorted());
    },
  );
});
