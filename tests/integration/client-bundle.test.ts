import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StandInServer } from "../unit/client/support/stand-in-server.ts";

const node = Bun.which("node");
let directory: string;
let bundle: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fanfare-bundle-"));
  const entry = new URL("../../src/client/index.ts", import.meta.url).pathname;
  const { outputs } = await Bun.build({ entrypoints: [entry], target: "browser", format: "esm" });
  bundle = await outputs[0]!.text();
  await writeFile(join(directory, "fanfare-client.mjs"), bundle);
});
afterAll(() => rm(directory, { recursive: true }));

test("the bundle for browsers is one file that imports nothing and needs no Bun", () => {
  expect(bundle).toContain("FanfareClient");
  expect(bundle).not.toMatch(/^import |\bimport\(|\brequire\(|\bBun\.|\bprocess\.|"node:/m);
});

test.skipIf(node === null)("it runs in Node, and lets it end after close", async () => {
  const server = new StandInServer();
  const program = join(directory, "program.mjs");
  await writeFile(
    program,
    `import { FanfareClient } from "./fanfare-client.mjs";
    const fanfare = new FanfareClient({ url: ${JSON.stringify(server.url)} });
    const heard = new Promise((resolve) => fanfare.subscribe("news", { onPublication: resolve }));
    await fanfare.connect();
    await fanfare.publish("news", { message: "from Node" });
    console.log((await heard).message);
    fanfare.close();`,
  );
  const child = Bun.spawn([node ?? "", program], { stdout: "pipe", stderr: "pipe" });
  const [printed, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await server.stop();
  expect(errors).toBe("");
  expect(printed).toBe("from Node\n");
  expect(await child.exited).toBe(0);
});
