import { expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "./support/until.ts";

const program = join(import.meta.dir, "support", "signal-program.ts");

const start = (mode: string) => {
  let output = "";
  const child = Bun.spawn([process.execPath, program, mode], { stdout: "pipe", stderr: "ignore" });
  const reading = (async () => {
    for await (const bytes of child.stdout) output += new TextDecoder().decode(bytes);
  })();
  return { child, reading, output: () => output };
};

test("a repeated signal calls the handler again, and the process stays until it exits by itself", async () => {
  const { child, reading, output } = start("idle");
  await until("the program is ready", () => output().includes("ready"));
  child.kill("SIGTERM");
  await until("the first call", () => output().includes("SIGTERM 1"));
  child.kill("SIGTERM");
  await until("the second call", () => output().includes("SIGTERM 2"));
  child.kill("SIGINT");
  await until("the third call", () => output().includes("SIGINT 3"));
  await reading;
  expect(await child.exited).toBe(7);
});

test("a signal waits until the loop is free", async () => {
  const { child, reading, output } = start("busy");
  await until("the program is ready", () => output().includes("ready"));
  child.kill("SIGTERM");
  await reading;
  expect(await child.exited).toBe(7);
  expect(output().indexOf("busy end")).toBeGreaterThan(0);
  expect(output().indexOf("SIGTERM 1")).toBeGreaterThan(output().indexOf("busy end"));
});

test("an unhandled rejection ends the process", async () => {
  const { child, reading } = start("reject");
  await reading;
  expect(await child.exited).toBe(1);
});
