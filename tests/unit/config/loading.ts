import { type Config, type ConfigInput, loadConfig } from "../../../src/config/index.ts";

type Given = Partial<Omit<ConfigInput, "argv">> & { argv?: string };

/** What `loadConfig` makes of these sources; `argv` is one line, separated by blanks. */
export function load({ argv = "", ...rest }: Given) {
  return loadConfig({ argv: argv.split(" ").filter((word) => word !== ""), env: {}, ...rest });
}

/** The configuration, where it must be valid. */
export function configOf(given: Given): Config {
  const loaded = load(given);
  if (loaded.kind !== "run") throw new Error(`not to be run: ${JSON.stringify(loaded)}`);
  return loaded.config;
}

/** The warnings beside a configuration that must be valid. */
export function warningsOf(given: Given): readonly string[] {
  const loaded = load(given);
  if (loaded.kind !== "run") throw new Error(`not to be run: ${JSON.stringify(loaded)}`);
  return loaded.warnings;
}

/** The errors, where there must be some. */
export function errorsOf(given: Given): readonly string[] {
  const loaded = load(given);
  if (loaded.kind !== "invalid") throw new Error(`not invalid: ${loaded.kind}`);
  return loaded.errors;
}
