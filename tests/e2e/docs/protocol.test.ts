import { afterAll, beforeAll, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { WireConversation } from "./support/conversation.ts";
import { blocksIn, readDocument } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

const document = await readDocument("docs/protocol.md");
const placeholders = new Placeholders();
const shell = new Shell({ folder: import.meta.dir, placeholders });

let server: RunningServer;

beforeAll(async () => {
  server = await startTestServer({ presenceEvents: ["lobby"] });
  placeholders.set("port", String(server.port));
});

afterAll(async () => {
  await shell.stop();
  await server.stop();
});

test("every frame and every request of the protocol's examples is answered as it says", async () => {
  const connect = (path: string) => WireConversation.open(server.url, path, placeholders);
  const runner = new ExampleRunner({ shell, connect });
  const examples = blocksIn(document, "wire", "console");
  expect(examples.length).toBeGreaterThan(25);
  for (const example of examples) await runner.run(document, example);
  await runner.end();
}, 60_000);
