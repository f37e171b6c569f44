import { dirname, join } from "node:path";
import * as typebox from "typebox";
import { defineConfig, Type } from "./define.ts";
import { findLost } from "./plain-value.ts";
import type { Problem } from "./problem.ts";

/** Set for the process that runs a rules file: the file's path. */
const fileVariable = "FANFARE_EVALUATE_RULES";

/** A file that takes longer hangs, or waits for something that it should not. */
const evaluationMaxMs = 5000;

/** Characters of what a file says, as JSON. */
const textMax = 8_000_000;

type Evaluation = { readonly value: unknown } | { readonly problems: readonly Problem[] };

/**
 * Runs a rules file that is a program, and gives its default export. It runs in a process of its own, the same
 * program as this one: so it always starts afresh, and one that hangs, exits or crashes takes nothing down.
 */
export async function evaluate(file: string): Promise<Evaluation> {
  const program = Bun.isStandaloneExecutable ? [] : [join(import.meta.dir, "..", "main.ts")];
  const { promise: answered, resolve } = Promise.withResolvers<Evaluation>();
  const child = Bun.spawn([process.execPath, ...program], {
    env: { ...process.env, [fileVariable]: file },
    // What the file prints is no line of the log.
    stdio: ["ignore", 2, "pipe"],
    serialization: "json",
    ipc: (message) => resolve(message),
  });
  const { promise: late, resolve: giveUp } = Promise.withResolvers<Evaluation>();
  const timer = setTimeout(() => {
    const what = `it had not ended after ${evaluationMaxMs / 1000} seconds`;
    giveUp(failed(`${what}. It should say rules, and wait for nothing.`));
  }, evaluationMaxMs);
  const output = child.stderr.text();
  const ended = child.exited.then(async (code): Promise<Evaluation> => {
    const said = (await output).trim().slice(0, 500);
    return failed(`it ended by itself (exit code ${code})${said === "" ? "" : `: ${said}`}.`);
  });
  try {
    return await Promise.race([answered, late, ended]);
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    await child.exited;
  }
}

/** Whether this process is one that was started to run a rules file. */
export function isEvaluation(): boolean {
  return process.env[fileVariable] !== undefined;
}

/** Runs the file that this process was started for, and tells the parent what it says. */
export async function runEvaluation(): Promise<void> {
  const file = process.env[fileVariable]!;
  delete process.env[fileVariable];
  offerModules(dirname(file));
  process.send?.(await read(file));
  // The parent ends this process once it has the answer: by itself it might end before all of it is sent.
  await new Promise(() => {});
}

async function read(file: string): Promise<Evaluation> {
  try {
    const module: { default?: unknown } = await import(file);
    if (module.default === undefined) {
      return failed("it has no default export. Write `export default { topics: {…} }`.");
    }
    const problems = findLost(module.default);
    if (problems.length > 0) return { problems };
    if (JSON.stringify(module.default).length > textMax) return failed("what it says is too large.");
    return { value: module.default };
  } catch (error) {
    return failed(describe(error));
  }
}

function failed(text: string): Evaluation {
  return { problems: [{ path: "", text }] };
}

/** `fanfare/config` and typebox for files that have no packages around them. */
function offerModules(folder: string): void {
  const modules = {
    "fanfare/config": { defineConfig, Type },
    typebox: { ...typebox },
  };
  Bun.plugin({
    name: "modules for rules files",
    setup(build) {
      for (const [name, exports] of Object.entries(modules)) {
        if (!canResolve(name, folder)) build.module(name, () => ({ exports, loader: "object" }));
      }
    },
  });
}

function canResolve(name: string, folder: string): boolean {
  try {
    Bun.resolveSync(name, folder);
    return true;
  } catch {
    return false;
  }
}

/** Where it went wrong, and what. */
function describe(error: unknown): string {
  const { errors, message, position, stack } = error as {
    errors?: readonly unknown[];
    message?: string;
    position?: { line: number; column: number } | null;
    stack?: string;
  };
  if (Array.isArray(errors) && errors.length > 0) return errors.slice(0, 5).map(describe).join(" ");
  const place = position
    ? `${position.line}:${position.column}`
    : /\.[cm]?[jt]s:(\d+:\d+)/.exec(stack ?? "")?.[1];
  const where = place === undefined ? "" : `line ${place.replace(":", ", column ")}: `;
  return `${where}${(message ?? String(error)).replace(/\.$/, "")}.`;
}
