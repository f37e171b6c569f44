import { type Config, freezeConfig, keysOutOfBounds, type Mode } from "./config.ts";
import { connectionsWithin, crossCheck, hasRedis } from "./cross-checks.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { helpText } from "./help.ts";
import { modeDefaults } from "./modes.ts";
import { chooseRedisNames, completeRedis } from "./redis-address.ts";
import { defaultValues, type SettingKey, type SettingValues, settingEntries, settings } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { type Environment, type Given, resolveSources, textOf } from "./sources.ts";
import { unusedNames, unusedNameWarnings } from "./unused-names.ts";
import { boundsProblem, concealText, expectation, formatValue, parseValue } from "./values.ts";
import { version } from "./version.ts";

/** Share of the memory that the server may have, from which on it sheds load. */
const memoryShare = 0.85;

/** All that decides the configuration; `readConfigInput` gathers it from the process. */
export interface ConfigInput {
  /** The arguments after the script's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** What the `.env` file says. */
  readonly dotEnv?: Environment;
  /** How many files the process may have open, where it is known. */
  readonly fileDescriptorLimit?: number;
  /** Bytes of memory that the process may have, where it is known. */
  readonly memoryLimitBytes?: number;
  /** Processors that the process may use; 1 where it is absent. */
  readonly cores?: number;
  /** What went wrong while the input was gathered. */
  readonly warnings?: readonly string[];
  /** Looks into the files that settings name, but for settings that are `invalid`; every error there is. */
  readonly examine?: (config: Config, invalid: ReadonlySet<SettingKey>) => readonly string[];
}

/**
 * What the process is to do. `text` is for standard output, or for standard error where it is invalid, and says
 * the warnings too; of a configuration to run with they are for the log.
 */
export type LoadedConfig =
  | { readonly kind: "run"; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version"; readonly text: string }
  | { readonly kind: "check"; readonly rulesFile: string; readonly text: string }
  | { readonly kind: "invalid"; readonly text: string; readonly errors: readonly string[] };

/** Flags, environment and `.env` in, a frozen configuration or every error there is out. Pure. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const flags = parseFlags(input.argv);
  if (flags.action === "help") return { kind: "help", text: helpText() };
  if (flags.action === "version") return { kind: "version", text: `fanfare ${version}` };

  const mode = modeOf(flags);
  const dotEnv = input.dotEnv ?? {};
  const sources = resolveSources({ flags: flags.values, env: input.env, dotEnv });
  const redisNames = chooseRedisNames(sources.given);
  const { given, warnings: modeWarnings, ...asked } = workersAskedFor(mode, redisNames.given);
  const defaults: SettingValues = { ...defaultValues, ...machineDefaults(input) };
  const read = readGiven(given);
  const implied = impliedValues(mode, read.values);
  const readConfig: Config = { ...defaults, ...implied.values, ...read.values, mode };

  const invalid = new Set(read.errors.keys());
  const errors = [...flags.errors, ...read.errors.values()];
  for (const key of keysOutOfBounds(readConfig)) {
    invalid.add(key);
    errors.push(complaint(given.get(key)!, settings[key], boundsProblem(settings[key], readConfig[key])));
  }
  const redis = completeRedis(readConfig, invalid);
  errors.push(...redis.errors);
  const workers = asked.auto
    ? autoWorkers({ ...readConfig, ...redis.values }, input.cores)
    : readConfig.workers;
  const config = freezeConfig({ ...readConfig, ...redis.values, workers });
  const reasons = new Map([...implied.reasons, ...redis.reasons, ["workers" as const, asked.reason]]);
  const describe = (key: SettingKey) => {
    const value = `${settings[key].name}=${formatValue(settings[key], config[key])}`;
    return `${value} (${originOf(given.get(key)) ?? reasons.get(key) ?? "default"})`;
  };
  const crossed = crossCheck(config, { invalid, describe, fileDescriptorLimit: input.fileDescriptorLimit });
  errors.push(...crossed.errors, ...(input.examine?.(config, invalid) ?? []));

  const namesSet = [...unusedNames.keys()].filter((name) => textOf(input.env, name) ?? textOf(dotEnv, name));
  const warnings = [
    ...(input.warnings ?? []),
    ...sources.warnings,
    ...redisNames.warnings,
    ...modeWarnings,
    ...crossed.warnings,
    ...unusedNameWarnings(namesSet),
  ];
  if (errors.length > 0) return { kind: "invalid", text: invalidText(errors, warnings), errors };
  if (flags.action === "check") {
    const changed = settingEntries
      .filter(([key]) => !Bun.deepEquals(config[key], defaults[key]))
      .map(([key]) => `  ${describe(key)}`);
    return { kind: "check", rulesFile: config.rulesFile, text: checkText(mode, changed, warnings) };
  }
  return { kind: "run", config, warnings };
}

function modeOf(flags: Flags): Mode {
  if (flags.modes.has("dev")) return "dev";
  return flags.modes.has("prod") ? "prod" : "plain";
}

function machineDefaults({ fileDescriptorLimit, memoryLimitBytes }: ConfigInput): Partial<SettingValues> {
  const { maximum = Number.POSITIVE_INFINITY } = settings.maxConnections;
  return {
    ...(fileDescriptorLimit !== undefined && {
      maxConnections: Math.min(connectionsWithin(fileDescriptorLimit), maximum),
    }),
    ...(memoryLimitBytes !== undefined && { shedMemoryBytes: Math.floor(memoryLimitBytes * memoryShare) }),
  };
}

/** What the mode, and DEBUG, decide where nothing explicit is given; with the reason for each. */
function impliedValues(mode: Mode, explicit: Partial<SettingValues>) {
  const values: Partial<SettingValues> = { ...modeDefaults[mode] };
  const reasons = new Map<SettingKey, string>();
  for (const key of Object.keys(values)) reasons.set(key as SettingKey, `--${mode}`);
  if (explicit.debug && !reasons.has("logLevel")) {
    reasons.set("logLevel", "DEBUG");
    return { values: { ...values, logLevel: "debug" as const }, reasons };
  }
  return { values, reasons };
}

/**
 * What is asked for as the number of workers: `auto`, by that word or by --prod, or what `given` says. A shared .env
 * that asks for several in production must not keep a developer's one process from starting.
 */
function workersAskedFor(mode: Mode, given: ReadonlyMap<SettingKey, Given>) {
  const workers = given.get("workers");
  const auto = workers?.text.toLowerCase() === "auto";
  const reason = originOf(workers) ?? (mode === "prod" ? "--prod" : "default");
  if (!workers) return { given, warnings: [], auto: mode === "prod", reason };
  const isIgnored = mode === "dev" && workers.source !== "flag" && workers.text !== "1";
  if (!auto && !isIgnored) return { given, warnings: [], auto: false, reason };
  const rest = new Map(given);
  rest.delete("workers");
  const warnings = auto ? [] : [`${write(workers, settings.workers)} has no effect: --dev runs one process.`];
  return { given: rest, warnings, auto, reason };
}

/** One for each core, where several can work together. */
function autoWorkers(config: Config, cores = 1): number {
  const isOne = config.mode === "dev" || config.reload || !hasRedis(config);
  return isOne ? 1 : Math.min(cores, settings.workers.maximum ?? cores);
}

function readGiven(given: ReadonlyMap<SettingKey, Given>) {
  const values: Partial<Record<SettingKey, unknown>> = {};
  const errors = new Map<SettingKey, string>();
  for (const [key, one] of given) {
    const parsed = parseValue(settings[key], one.text);
    if (parsed.ok) values[key] = parsed.value;
    else errors.set(key, complaint(one, settings[key], parsed.problem));
  }
  return { values: values as Partial<SettingValues>, errors };
}

function complaint(given: Given, setting: Setting, problem: string): string {
  return `${write(given, setting)}: ${problem}. Give ${expectation(setting)}.`;
}

function write({ name, text: given, source }: Given, setting: Setting): string {
  const text = concealText(setting, given);
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return source === "flag" ? `${name}=${shown}` : `${name}=${shown} (${source})`;
}

function originOf(given: Given | undefined): string | undefined {
  return given?.source === "flag" ? `flag ${given.name}` : given?.source;
}

function invalidText(errors: readonly string[], warnings: readonly string[]): string {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return [
    `The configuration is not valid, ${count}:`,
    ...errors.map((error) => `  - ${error}`),
    ...warningLines(warnings),
  ].join("\n");
}

function checkText(mode: Mode, changed: readonly string[], warnings: readonly string[]): string {
  return [
    "configuration is valid",
    ...(mode === "plain" ? [] : [`mode: --${mode}`]),
    ...(changed.length === 0
      ? ["every setting has its default"]
      : ["settings that differ from their defaults:", ...changed]),
    ...warningLines(warnings),
  ].join("\n");
}

function warningLines(warnings: readonly string[]): string[] {
  return warnings.length === 0 ? [] : ["warnings:", ...warnings.map((warning) => `  - ${warning}`)];
}
