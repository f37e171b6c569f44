import { nearest } from "./nearest.ts";
import { type SettingKey, settingEntries } from "./schema.ts";
import type { Setting } from "./setting.ts";

/** Flags that are not settings, with what `--help` says about them; `--dev` and `--prod` are explained there. */
export const actionFlags = {
  "--check-config": "Check the configuration, say what differs from the defaults, and end.",
  "--version": "Say the version, and end.",
  "--help": "Say this, and end.",
} as const;

const MODES = ["dev", "prod"] as const;
const SHORT: Readonly<Record<string, string>> = { "-h": "--help", "-v": "--version" };

/** What the command line asks for. */
export interface Flags {
  readonly action: "run" | "help" | "version" | "check";
  readonly modes: ReadonlySet<(typeof MODES)[number]>;
  /** The text given for each setting that has a flag; of a repeated flag the last counts. */
  readonly values: ReadonlyMap<SettingKey, string>;
  readonly errors: readonly string[];
}

const settingFlags = new Map<string, readonly [SettingKey, Setting]>(
  settingEntries.flatMap(([key, setting]) => (setting.flag ? [[setting.flag, [key, setting] as const]] : [])),
);
const knownFlags = [...settingFlags.keys(), ...MODES.map((mode) => `--${mode}`), ...Object.keys(actionFlags)];

/** Reads the arguments after the script's name. `--name value` and `--name=value` mean the same. */
export function parseFlags(argv: readonly string[]): Flags {
  const switches = new Set<string>();
  const values = new Map<SettingKey, string>();
  const errors: string[] = [];

  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]!;
    // "--" is what package managers put between their own arguments and the script's.
    if (argument === "--") continue;
    const [given = "", inline] = splitOnce(argument);
    const flag = SHORT[given] ?? given;
    const known = settingFlags.get(flag);
    if (!known) {
      if (!knownFlags.includes(flag)) errors.push(unknownArgument(argument, flag));
      else if (inline !== undefined) errors.push(`${argument}: ${flag} takes no value. Give ${flag} alone.`);
      else switches.add(flag);
      continue;
    }
    const [key, setting] = known;
    let value = inline;
    if (value === undefined && setting.kind === "boolean") value = "true";
    const next = argv[index + 1];
    if (value === undefined && next !== undefined && !next.startsWith("--")) {
      value = next;
      index++;
    }
    if (value === undefined || value.trim() === "") {
      errors.push(`${flag}: the value is missing. Give it as ${flag}=<${setting.name.toLowerCase()}>.`);
      continue;
    }
    values.set(key, value);
  }

  const modes = new Set(MODES.filter((mode) => switches.has(`--${mode}`)));
  if (modes.size > 1) errors.push("--dev with --prod: they exclude each other. Give one of them.");
  return { action: actionOf(switches), modes, values, errors };
}

function splitOnce(argument: string): [string, string?] {
  const equals = argument.indexOf("=");
  return equals === -1 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

function unknownArgument(argument: string, flag: string): string {
  if (!flag.startsWith("-")) {
    return `"${argument}": unexpected argument. Flags begin with --; --help lists them.`;
  }
  const meant = nearest(flag, knownFlags, 2);
  return `${argument}: unknown flag. ${meant ? `Did you mean ${meant}?` : "--help lists those there are."}`;
}

function actionOf(switches: ReadonlySet<string>): Flags["action"] {
  if (switches.has("--help")) return "help";
  if (switches.has("--version")) return "version";
  return switches.has("--check-config") ? "check" : "run";
}
