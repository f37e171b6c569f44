import { readFileSync, statSync } from "node:fs";
import { type Algorithm, isAlgorithm } from "../auth/algorithms.ts";
import { type ApiKey, findRepeated, parseApiKeys, parseApiKeysFile, type ReadKeys } from "../auth/api-key.ts";
import { parseKeySet } from "../auth/key-set.ts";
import { pemKey, secretKey, UnusableKey, type VerificationKey } from "../auth/verification-key.ts";
import type { Config, SettingKey } from "../config/index.ts";

/** What tokens and keys are checked with, as far as the settings and their files hold it. */
export interface ConfiguredCredentials {
  readonly tokenKeys: readonly VerificationKey[];
  /** Of `JWT_JWKS`; null: it names no URL. */
  readonly keySetUrl: string | null;
  readonly apiKeys: readonly ApiKey[];
  /** Everything that is wrong, for whoever starts the server; no secret is named. */
  readonly problems: readonly string[];
}

const fileBytesMax = 1024 * 1024;

/** The errors in what settings of authentication say and in the files that they name. */
export function examineCredentials(config: Config, invalid: ReadonlySet<SettingKey>): readonly string[] {
  return readCredentialSettings(config, invalid).problems;
}

/** Reads tokens' and servers' keys, also anew. Looks at no setting that is `invalid`. */
export function readCredentialSettings(
  config: Config,
  invalid: ReadonlySet<SettingKey> = new Set(),
): ConfiguredCredentials {
  const problems: string[] = [];
  const valid = <Key extends SettingKey>(key: Key, otherwise: Config[Key]) =>
    invalid.has(key) ? otherwise : config[key];
  const allowed = valid("jwtAlgorithms", []).filter(isAlgorithm);
  const jwks = valid("jwtJwks", null);
  const keySetUrl = jwks !== null && /^https?:/.test(jwks) ? jwks : null;
  const tokenKeys = [
    ...readSecret(valid("jwtSecret", null), allowed, problems),
    ...readPublicKey(valid("jwtPublicKey", null), allowed, problems),
    ...readKeySetFile(keySetUrl === null ? jwks : null, allowed, problems),
  ];
  if (problems.length === 0) problems.push(...findUnusedAlgorithms(allowed, tokenKeys, keySetUrl));
  const apiKeys = [
    ...keysOf("API_KEYS", parseApiKeys(valid("apiKeys", [])), problems),
    ...readKeysFile(valid("apiKeysFile", null), problems),
  ];
  if (problems.length === 0)
    problems.push(...findRepeated(apiKeys).map((problem) => `API_KEYS_FILE: ${problem}.`));
  return { tokenKeys, keySetUrl, apiKeys, problems };
}

function readSecret(
  secret: string | null,
  allowed: readonly Algorithm[],
  problems: string[],
): VerificationKey[] {
  if (secret === null) return [];
  const key = secretKey(secret, allowed);
  if (key.algorithms.length > 0) return [key];
  problems.push(
    "JWT_SECRET: JWT_ALGORITHMS does not allow what it is for. Add HS256, or leave one of them out.",
  );
  return [];
}

function readPublicKey(
  setting: string | null,
  allowed: readonly Algorithm[],
  problems: string[],
): VerificationKey[] {
  if (setting === null) return [];
  const text = setting.includes("-----BEGIN") ? setting : readFile("JWT_PUBLIC_KEY", setting, problems);
  if (text === null) return [];
  const key = pemKey(text, allowed);
  if (!(key instanceof UnusableKey)) return [key];
  problems.push(`JWT_PUBLIC_KEY: ${key.reason}.`);
  return [];
}

function readKeySetFile(
  path: string | null,
  allowed: readonly Algorithm[],
  problems: string[],
): readonly VerificationKey[] {
  const text = path === null ? null : readFile("JWT_JWKS", path, problems);
  if (text === null) return [];
  const parsed = parseKeySet(text, allowed);
  if (!(parsed instanceof UnusableKey)) return parsed.keys;
  problems.push(`JWT_JWKS: ${parsed.reason}.`);
  return [];
}

function readKeysFile(path: string | null, problems: string[]): readonly ApiKey[] {
  const text = path === null ? null : readFile("API_KEYS_FILE", path, problems);
  return text === null ? [] : keysOf("API_KEYS_FILE", parseApiKeysFile(text), problems);
}

function keysOf(setting: string, read: ReadKeys, problems: string[]): readonly ApiKey[] {
  if (read.ok) return read.keys;
  problems.push(...read.problems.map((problem) => `${setting}: ${problem}.`));
  return [];
}

/** Null: it cannot be read, and the problem is noted. */
function readFile(setting: string, path: string, problems: string[]): string | null {
  try {
    if (statSync(path).size > fileBytesMax) {
      problems.push(`${setting}: the file is larger than ${fileBytesMax} bytes.`);
      return null;
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    // The path is not repeated: it may be a key that was put in its place.
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    problems.push(
      `${setting}: the file that it names cannot be read (${code}). Give the path of one that can.`,
    );
    return null;
  }
}

/** An algorithm that no key can do is a slip, or a key is missing. */
function findUnusedAlgorithms(
  allowed: readonly Algorithm[],
  keys: readonly VerificationKey[],
  keySetUrl: string | null,
): string[] {
  const isPossible = (name: Algorithm) =>
    keys.some(({ algorithms }) => algorithms.includes(name)) || (keySetUrl !== null && name !== "HS256");
  const unused = allowed.filter((name) => !isPossible(name));
  if (unused.length === 0) return [];
  return [
    `JWT_ALGORITHMS: no key is configured that can do ${unused.join(", ")}. Leave it out, or add the key.`,
  ];
}
