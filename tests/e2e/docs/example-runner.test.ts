import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { WireConversation } from "./support/conversation.ts";
import { blocksIn, parseDocument } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.stop();
});

/** Runs a document of these blocks, each with its language in the first line. */
async function run(...blocks: string[]): Promise<void> {
  const document = parseDocument("guide.md", blocks.map((block) => `\`\`\`${block}\n\`\`\``).join("\n"));
  const placeholders = new Placeholders();
  placeholders.set("port", String(server.port));
  const shell = new Shell({ folder: import.meta.dir, placeholders });
  const connect = (path: string) => WireConversation.open(server.url, path, placeholders);
  const runner = new ExampleRunner({ shell, connect });
  try {
    for (const example of blocksIn(document, "console", "wire")) await runner.run(document, example);
    await runner.end();
  } finally {
    await shell.stop();
  }
}

const welcomed = 'wire\nGET /ws?topics=\n< {"type":"welcome",…}';

describe("an example is right", () => {
  test.each([
    ["when it prints what it says", ["console\n$ echo one; echo two\none\ntwo"]],
    ["when it prints more where it may", ["console\n$ seq 5\n1\n…\n5"]],
    ["with a name for what differs", ["console\n$ echo a-b a-b\n$x-b $x-b", 'console\n$ echo "$x"\na']],
    ["when it ends as it says", ["console\n$ exit 3\n$ echo $?\n3"]],
    ["when it is interrupted", ["console\n$ echo one; sleep 60\none\n^C\n$ echo $?\n130"]],
    ["when it goes on", ["console\n$ echo one; sleep 0.1; echo two\none\n…", "console\ntwo"]],
    ["over several lines", ["console\n$ echo one \\\n  two\none two"]],
    ["with a variable of the shell", ["console\n$ port_seen=$(echo 8000)\n$ echo $port_seen\n8000"]],
    [
      "when the server says what it shows",
      [`${welcomed}\n> {"type":"ping","id":1}\n< {"type":"pong","id":1,"ts":…}`],
    ],
  ])("%s", async (_when, blocks) => {
    await run(...blocks);
  });
});

describe("an example is wrong", () => {
  test.each([
    ["when it prints something else", ["console\n$ true\n$ echo one\ntwo"], /^guide\.md:3: .*two.*one/s],
    ["when it prints more", ["console\n$ echo one; echo two\none"], /^guide\.md:2: /],
    ["when it prints what nothing was said of", ["console\n$ echo one"], /^guide\.md:2: /],
    ["when a name stands for two things", ["console\n$ echo a b\n$x $x"], /^guide\.md:2: /],
    [
      "when the server says something else",
      [`${welcomed}\n> {"type":"ping","id":1}\n< {"type":"pong","id":2,"ts":…}`],
      /^guide\.md:5: .*"id":2.*"id":1/s,
    ],
    ["when the server says more", [`${welcomed}\n> {"type":"oops"}`], /more than is shown/],
    ["when nobody is connected", ['wire\n> {"type":"ping"}'], /^guide\.md:2: nobody/],
    ["when no command goes on", ["console\nmore"], /^guide\.md:2: no command/],
  ])("%s", async (_when, blocks, complaint) => {
    await expect(run(...blocks)).rejects.toThrow(complaint);
  });
});
