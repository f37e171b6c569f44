import { existsSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { evaluate } from "./evaluation.ts";
import type { Problem } from "./problem.ts";
import { readRules } from "./read-rules.ts";
import type { RulesByPattern } from "./topic-rules.ts";

/** What a rules file says; `file` null: there is none, and every topic is as the settings have it. */
export interface LoadedRules {
  readonly file: string | null;
  readonly rules: RulesByPattern;
}

/** Why a rules file cannot be used. */
export interface RefusedRules {
  readonly file: string;
  readonly problems: readonly Problem[];
}

/** The value of `RULES_FILE` that turns the looking for one off. */
const none = "none";

const usualNames = ["fanfare.config.ts", "fanfare.config.js", "fanfare.config.json"];
const programs = [".ts", ".mts", ".js", ".mjs"];

const noRules: LoadedRules = { file: null, rules: new Map() };

const bytesMax = 8 * 1024 * 1024;

/** Problems shown of one file. */
const shownMax = 50;

/**
 * Reads the rules file that `RULES_FILE` names, or that stands in the folder under one of the usual names.
 * A file that is a program is run: it is trusted as the server itself is.
 */
export async function loadRules(setting: string, folder: string): Promise<LoadedRules | RefusedRules> {
  if (setting === none) return noRules;
  if (setting !== "") return await load(resolve(folder, setting));
  const [file, ...others] = usualNames.map((name) => join(folder, name)).filter((path) => existsSync(path));
  if (file === undefined) return noRules;
  if (others.length === 0) return await load(file);
  const text = `${others.map((other) => basename(other)).join(", ")} is there too. Keep one of them, or set RULES_FILE.`;
  return refused(file, text);
}

export function isRefused(loaded: LoadedRules | RefusedRules): loaded is RefusedRules {
  return "problems" in loaded;
}

/** All that is wrong with a rules file, a line each. */
export function describeRefused({ file, problems }: RefusedRules): string {
  const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
  const lines = problems
    .slice(0, shownMax)
    .map(({ path, text }) => `  - ${path === "" ? "" : `${path}: `}${text}`);
  if (problems.length > shownMax) lines.push(`  - and ${problems.length - shownMax} more`);
  return [`The rules in ${file} are not valid, ${count}:`, ...lines].join("\n");
}

async function load(file: string): Promise<LoadedRules | RefusedRules> {
  const said = await read(file);
  if ("problems" in said) return { file, problems: said.problems };
  const rules = readRules(said.value);
  return rules instanceof Map ? { file, rules } : { file, problems: rules as readonly Problem[] };
}

async function read(
  file: string,
): Promise<{ readonly value: unknown } | { readonly problems: readonly Problem[] }> {
  const source = Bun.file(file);
  if (!(await source.exists())) {
    return refused(file, "there is no such file. Set RULES_FILE to where it is, or leave it out.");
  }
  if (source.size > bytesMax) return refused(file, `it has more than ${bytesMax} bytes. Make it smaller.`);
  const ending = extname(file);
  if (programs.includes(ending)) return await evaluate(file);
  if (ending !== ".json") {
    return refused(file, `its name ends in neither .json nor ${programs.join(", ")}. Rename it.`);
  }
  try {
    return { value: JSON.parse(await source.text()) };
  } catch (error) {
    return refused(file, `it is no JSON: ${(error as Error).message}.`);
  }
}

function refused(file: string, text: string): RefusedRules {
  return { file, problems: [{ path: "", text }] };
}
