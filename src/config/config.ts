import Type from "typebox";
import { Compile } from "typebox/compile";
import { defaultValues, type SettingKey, type SettingValues, settingEntries } from "./schema.ts";

/** `plain` is neither `--dev` nor `--prod`. */
export type Mode = "plain" | "dev" | "prod";

/** What the server runs with. Durations are in milliseconds, sizes in bytes. */
export interface Config extends SettingValues {
  readonly mode: Mode;
}

const types = Object.fromEntries(settingEntries.map(([key, setting]) => [key, setting.type]));
const validator = Compile(
  Type.Object({ ...types, mode: Type.Enum(["plain", "dev", "prod"]) }, { additionalProperties: false }),
);

/** The keys whose values break their bounds, in no particular order. */
export function keysOutOfBounds(values: Config): ReadonlySet<SettingKey> {
  const keys = new Set<SettingKey>();
  if (validator.Check(values)) return keys;
  for (const error of validator.Errors(values)) {
    const key = error.instancePath.split("/")[1];
    if (key !== undefined && key in defaultValues) keys.add(key as SettingKey);
  }
  return keys;
}

/**
 * The defaults with `overrides`, for tests and for a server inside another program.
 * Throws a TypeError where a value breaks its setting's type or bounds; does not compare settings with each other.
 */
export function createConfig(overrides: Partial<Config> = {}): Config {
  const config: Config = { ...defaultValues, mode: "plain", ...overrides };
  if (!validator.Check(config)) {
    const reasons = validator.Errors(config).map((error) => `${error.instancePath} ${error.message}`.trim());
    throw new TypeError(`The configuration is not valid: ${reasons.join("; ")}`);
  }
  return freezeConfig(config);
}

/** A frozen copy, lists included. */
export function freezeConfig(config: Config): Config {
  return Object.freeze({
    ...config,
    corsOrigins: Object.freeze([...config.corsOrigins]),
    allowedOrigins: Object.freeze([...config.allowedOrigins]),
    trustedProxies: Object.freeze([...config.trustedProxies]),
    publicAccounts: Object.freeze([...config.publicAccounts]),
    presenceEvents: Object.freeze([...config.presenceEvents]),
    redisClusterNodes: Object.freeze([...config.redisClusterNodes]),
    jwtAlgorithms: Object.freeze([...config.jwtAlgorithms]),
    jwtAudience: Object.freeze([...config.jwtAudience]),
    jwtIssuer: Object.freeze([...config.jwtIssuer]),
    apiKeys: Object.freeze([...config.apiKeys]),
    anonymousSubscribe: Object.freeze([...config.anonymousSubscribe]),
  });
}
