import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileServer } from "../../scripts/build.ts";
import { rulesFolder } from "../integration/rules/rules-folder.ts";
import { until } from "../support/until.ts";

let folder: string;
let binary: string;

const program = `
  import { defineConfig, Type } from "fanfare/config";
  import { maximum } from "./maximum.ts";
  export default defineConfig({ topics: { t: { schema: Type.Number({ maximum }) } } });
`;
const rules = rulesFolder(program, "fanfare.config.ts");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-compiled-rules-"));
  binary = join(folder, "fanfare");
  await compileServer(binary);
});

afterAll(() => {
  rules.remove();
  rmSync(folder, { recursive: true });
});

test("a compiled server runs a rules file of TypeScript, with no packages around it, and runs it again", async () => {
  await Bun.write(join(rules.folder, "maximum.ts"), "export const maximum: number = 10;");
  const server = Bun.spawn([binary, "--host", "127.0.0.1", "--port", "0"], {
    cwd: rules.folder,
    env: { LOG_DIR: "none" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const collected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of server.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  try {
    const url = /http:\/\/127\.0\.0\.1:\d+/;
    await until(() => url.test(output), 10_000, "listening");
    const publish = async (data: number) => {
      const body = JSON.stringify({ topic: "t", data });
      const init = { method: "POST", headers: { "content-type": "application/json" }, body };
      return await (await fetch(`${url.exec(output)![0]}/publish`, init)).json();
    };
    expect(await publish(11)).toEqual({ error: { code: "invalid", message: "data: must be at most 10" } });
    await Bun.write(join(rules.folder, "maximum.ts"), "export const maximum: number = 20;");
    server.kill("SIGHUP");
    await until(() => output.includes("rules read again"), 10_000, "reading again");
    expect(await publish(11)).toMatchObject({ offset: 1 });
  } finally {
    server.kill("SIGKILL");
    await collected;
  }
}, 60_000);
