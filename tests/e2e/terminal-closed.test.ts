import { afterEach, expect, test } from "bun:test";
import { join } from "node:path";
import { TerminalProgram } from "../support/terminal.ts";
import { until } from "../support/until.ts";

const main = join(import.meta.dir, "../../src/main.ts");
const programs: TerminalProgram[] = [];

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()));
});

async function start(args: string[]): Promise<{ program: TerminalProgram; url: string }> {
  const env = { HOST: "127.0.0.1", PORT: "0", LOG_DIR: "none", LOG_FORMAT: "text" };
  const program = new TerminalProgram([process.execPath, main, ...args], env);
  programs.push(program);
  return { program, url: await program.shows(/http:\/\/127\.0\.0\.1:\d+/) };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(`${url}/health`, { keepalive: false }).then(
    () => true,
    () => false,
  );
}

test.each([[[]], [["--dev"]]])(
  "a server in a terminal ends with the terminal, and is not left behind: %j",
  async (args) => {
    const { program, url } = await start(args);
    expect(await answers(url)).toBe(true);
    program.process.terminal?.close();
    await program.process.exited;
    await until(async () => !(await answers(url)), 5000, "nobody answering");
  },
);

test("with its terminal open, a SIGHUP is there for reading files again", async () => {
  const { program, url } = await start([]);
  program.process.kill("SIGHUP");
  await program.shows(/rules read again/);
  expect(await answers(url)).toBe(true);
});
