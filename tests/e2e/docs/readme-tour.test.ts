import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TerminalProgram } from "../../support/terminal.ts";
import { TerminalConversation } from "./support/conversation.ts";
import { blocksIn, readDocument, root, section } from "./support/document.ts";
import { ExampleRunner } from "./support/example-runner.ts";
import { Placeholders } from "./support/placeholders.ts";
import { Shell } from "./support/shell.ts";

const readme = await readDocument("README.md");
const tour = section(readme, "## A tour in five minutes");
const makefile = await Bun.file(join(root, "Makefile")).text();
const wscat = `${Bun.which("node") ?? process.execPath} ${join(root, "node_modules/wscat/bin/wscat")}`;

/** What a person presses to interrupt a program. */
const controlC = "\u0003";

const programs: TerminalProgram[] = [];
let logs: string;

beforeAll(async () => {
  logs = await mkdtemp(join(tmpdir(), "fanfare-tour-"));
});

afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await rm(logs, { recursive: true });
});

function inTerminal(command: string[], env: Record<string, string> = {}): TerminalProgram {
  const program = new TerminalProgram(command, env);
  programs.push(program);
  return program;
}

/** What a target of the Makefile runs. */
function recipeOf(target: string): string {
  return new RegExp(`^${target}:.*\n((?:\t.*\n)+)`, "m").exec(makefile)?.[1] ?? "";
}

test("the README's commands are the Makefile's", () => {
  const commands = [...section(readme, "## Two commands").matchAll(/^make (\w+)/gm)].map(([, name]) => name!);
  expect(commands).toEqual(["dev", "test"]);
  expect(recipeOf("dev")).toContain("bun src/main.ts --dev");
  expect(recipeOf("test")).toContain("bun test");
});

test("the README's tour goes as it says, from the first publish to Ctrl-C", async () => {
  const placeholders = new Placeholders();
  const server = inTerminal([process.execPath, join(root, "src/main.ts"), "--dev"], {
    PORT: "0",
    LOG_DIR: logs,
  });
  const address = await server.shows(/listening.*http:\/\/127\.0\.0\.1:\d+/);
  placeholders.set("port", /\d+$/.exec(address)![0]);

  const shell = new Shell({ folder: logs, placeholders });
  const talk = (command: string) => {
    if (!command.includes("bunx wscat")) return null;
    const line = placeholders.fill(command).replace("bunx wscat", wscat);
    return new TerminalConversation(inTerminal(["bash", "-c", `exec ${line}`]), placeholders);
  };
  const connect = () => Promise.reject(new Error("the tour connects with wscat"));
  const runner = new ExampleRunner({ shell, connect, talk });
  const examples = blocksIn(readme, "console").filter(({ lines }) => tour.includes(lines.join("\n")));
  expect(examples.length).toBeGreaterThan(4);
  expect(examples.at(-1)!.before).toContain("Ctrl-C");
  try {
    for (const example of examples) {
      if (example.before.includes("Ctrl-C")) server.process.terminal?.write(controlC);
      await runner.run(readme, example);
    }
    await runner.end();
    expect(await server.process.exited).toBe(0);
  } finally {
    await shell.stop();
  }
}, 60_000);
