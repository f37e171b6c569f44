import { nearest } from "./nearest.ts";
import { type SettingKey, settingEntries } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { unusedNames } from "./unused-names.ts";
import { concealText, parseValue } from "./values.ts";

/** Names with their texts; an empty text is as good as none. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One text given for a setting. */
export interface Given {
  /** As it was written: the flag, the canonical name or an alias. */
  readonly name: string;
  readonly text: string;
  readonly source: "flag" | "environment" | ".env";
}

export interface Sources {
  readonly flags: ReadonlyMap<SettingKey, string>;
  readonly env: Environment;
  readonly dotEnv: Environment;
}

/**
 * The text that counts for each setting that was given one. The source decides first (a flag, then the
 * environment, then `.env`), then the name (the canonical one, then its aliases).
 */
export function resolveSources(sources: Sources): {
  given: ReadonlyMap<SettingKey, Given>;
  warnings: readonly string[];
} {
  const given = new Map<SettingKey, Given>();
  const warnings: string[] = [];
  const env = withoutCopies(sources.env, sources.dotEnv);
  for (const [key, setting] of settingEntries) {
    const flag = sources.flags.get(key);
    if (flag !== undefined) {
      given.set(key, { name: setting.flag ?? setting.name, text: flag.trim(), source: "flag" });
      continue;
    }
    const [first, ...others] = [
      ...read(setting, env, "environment"),
      ...read(setting, sources.dotEnv, ".env"),
    ];
    if (!first) continue;
    given.set(key, first);
    for (const other of others) {
      if (other.name === first.name || sameValue(setting, first, other)) continue;
      warnings.push(
        `${other.name} (${other.source}) and ${first.name} (${first.source}) set the same and differ: ` +
          `${first.name}=${concealText(setting, first.text)} counts. Remove ${other.name}.`,
      );
    }
  }
  return { given, warnings: [...warnings, ...misspelled(env, sources.dotEnv)] };
}

/** The text under `name`, without blanks around it; undefined where there is none. */
export function textOf(environment: Environment, name: string): string | undefined {
  const text = environment[name]?.trim();
  if (!text) return undefined;
  // Containers' env files keep quotes as part of the value.
  const quoted = /^(["'])(.*)\1$/s.exec(text);
  return (quoted ? quoted[2]!.trim() : text) || undefined;
}

// Bun copies `.env` into the environment before any code runs: what is equal in both came from the file.
function withoutCopies(env: Environment, dotEnv: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name, text]) => dotEnv[name] !== text));
}

function read(setting: Setting, environment: Environment, source: Given["source"]): Given[] {
  return [setting.name, ...setting.aliases].flatMap((name) => {
    const text = textOf(environment, name);
    return text === undefined ? [] : [{ name, text, source }];
  });
}

function sameValue(setting: Setting, one: Given, other: Given): boolean {
  const values = [one, other].map((given) => parseValue(setting, given.text));
  return values.every((parsed) => parsed.ok) && Bun.deepEquals(values[0], values[1]);
}

const knownNames = new Set([
  ...settingEntries.flatMap(([, setting]) => [setting.name, ...setting.aliases]),
  ...unusedNames.keys(),
]);

// Names of other programs are none of ours: only what is one slip away from a setting's name is mentioned.
function misspelled(...environments: Environment[]): string[] {
  const names = new Set(environments.flatMap((environment) => Object.keys(environment)));
  return [...names].flatMap((name) => {
    if (knownNames.has(name) || name.length < 6) return [];
    const meant = nearest(name, knownNames, 1);
    return meant ? [`${name} is not a setting and has no effect. Did you mean ${meant}?`] : [];
  });
}
