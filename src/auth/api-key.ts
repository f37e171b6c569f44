import Type from "typebox";
import { Compile } from "typebox/compile";
import { topicPattern } from "../core/topic-pattern.ts";
import { type Scope, scopes } from "./grants.ts";

/** A server's key as it is configured. */
export interface ApiKey {
  readonly name: string;
  readonly key: string;
  readonly scopes: readonly Scope[];
  /** Patterns of the topics that it may publish to and read. */
  readonly topics: readonly string[];
}

/** Keys, or every reason why they are none; reasons name the place, never a key. */
export type ReadKeys =
  | { readonly ok: true; readonly keys: readonly ApiKey[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Keys of one server at most: each request is compared with all of them. */
const keysMax = 1000;

const namePattern = "^[A-Za-z0-9_.-]{1,64}$";
const nameRule = "a name of 1 to 64 characters of A-Z a-z 0-9 _ . -";
/** What can stand in a header and between commas and colons. Shorter ones could be guessed. */
const keyPattern = "^[A-Za-z0-9_.~+/=-]{20,256}$";
const keyRule = "a key of 20 to 256 characters of A-Z a-z 0-9 _ . ~ + / = -";

const Entry = Type.Object(
  {
    name: Type.String({ pattern: namePattern }),
    key: Type.String({ pattern: keyPattern }),
    scopes: Type.Optional(Type.Array(Type.Enum([...scopes]), { minItems: 1, maxItems: 10 })),
    topics: Type.Optional(
      Type.Array(Type.String({ pattern: topicPattern.source }), { minItems: 1, maxItems: 200 }),
    ),
  },
  // A misspelled `scopes` would otherwise grant everything.
  { additionalProperties: false },
);
type Entry = Type.Static<typeof Entry>;
const validator = Compile(Entry);

const rules: Readonly<Record<string, string>> = {
  name: nameRule,
  key: keyRule,
  scopes: `a list of ${scopes.join(", ")}`,
  topics: "a list of topics' names, or beginnings of them and a *",
};

/**
 * Reads `API_KEYS`: `name:key`, `name:key:publish+admin` or `name:key:publish:news.*+chat`, each an item. Without
 * scopes a key has all of them, without topics it is for all.
 */
export function parseApiKeys(items: readonly string[]): ReadKeys {
  return checkKeys(items.map(splitItem));
}

/** Reads a file of keys: a JSON list of `{"name","key","scopes"?,"topics"?}`. */
export function parseApiKeysFile(text: string): ReadKeys {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problems: ["it is not JSON"] };
  }
  if (!Array.isArray(value)) return { ok: false, problems: ['it is no JSON list: [{"name":"…","key":"…"}]'] };
  return checkKeys(value);
}

/** What is wrong between keys of several sources: names and keys must be each one's own. */
export function findRepeated(keys: readonly ApiKey[]): string[] {
  const problems: string[] = [];
  const byKey = new Map<string, string>();
  const names = new Set<string>();
  for (const { name, key } of keys) {
    const other = byKey.get(key);
    if (names.has(name)) problems.push(`two keys have the name ${name}: each needs its own`);
    else if (other !== undefined) problems.push(`${other} and ${name} have the same key: each needs its own`);
    names.add(name);
    byKey.set(key, name);
  }
  if (keys.length > keysMax) problems.push(`there are more than ${keysMax} keys`);
  return problems;
}

function splitItem(item: string): unknown {
  const [name = "", key = "", granted = "", ...rest] = item.split(":");
  // Topics' names may have colons in them.
  const topics = rest.join(":");
  return {
    name,
    key,
    ...(granted === "" ? {} : { scopes: granted.split("+") }),
    ...(topics === "" ? {} : { topics: topics.split("+") }),
  };
}

function checkKeys(entries: readonly unknown[]): ReadKeys {
  const problems: string[] = [];
  const keys: ApiKey[] = [];
  for (const [index, entry] of entries.entries()) {
    if (validator.Check(entry)) keys.push({ scopes, topics: ["*"], ...(entry as Entry) });
    else problems.push(`${placeOf(entry, index)}: ${whatIsWrong(entry)}`);
  }
  problems.push(...findRepeated(keys));
  return problems.length === 0 ? { ok: true, keys } : { ok: false, problems };
}

/** The name where there is a good one; a wrong one may be a key that was put in its place. */
function placeOf(entry: unknown, index: number): string {
  const name = (entry as { name?: unknown } | null)?.name;
  const isGood = typeof name === "string" && name.length < 20 && new RegExp(namePattern).test(name);
  return isGood ? `key "${name}"` : `key ${index + 1}`;
}

function whatIsWrong(entry: unknown): string {
  const [error] = validator.Errors(entry);
  const field =
    error?.keyword === "required" ? error.params.requiredProperties[0] : error?.instancePath.split("/")[1];
  const rule = rules[field ?? ""];
  if (rule !== undefined) return `give it ${rule}`;
  return `it may have ${Object.keys(rules).join(", ")}, and nothing else`;
}
