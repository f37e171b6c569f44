import { nearest } from "../config/nearest.ts";
import { DAY, GIB } from "../config/settings/amounts.ts";
import { nameRule } from "../core/topic-name.ts";
import { topicPattern } from "../core/topic-pattern.ts";
import { amount, duration, type Field, flag, integer, orNull, size, who } from "./fields.ts";
import { inlineSchema } from "./inline-schema.ts";
import { PayloadSchema } from "./payload-schema.ts";
import { isPlainObject, joinPath, type Problem, quote } from "./problem.ts";
import { type Right, type RuleChanges, rights, type Who } from "./rule.ts";
import type { RulesByPattern } from "./topic-rules.ts";

/** Patterns in one file. */
const patternsMax = 10_000;

/** The fields of a rule as they are written, and what they become. */
const fields: Readonly<Record<string, readonly [keyof RuleChanges, Field<unknown>]>> = {
  history_size: ["historySize", integer({ least: 0, most: 10_000_000 }, "publications")],
  history_age: ["historyAgeMs", duration({ least: 1, most: 24 * DAY })],
  flush_ms: ["flushMs", integer({ least: 0, most: 1000 }, "milliseconds")],
  rate_max: ["rateMax", orNull(amount(1_000_000, "publications a second"))],
  bytes_max: ["bytesMax", orNull(size({ least: 1, most: GIB }))],
  presence: ["presence", flag],
  join_leave: ["joinLeave", flag],
};

const fieldNames = ["allow", ...Object.keys(fields), "schema"];

/** Reads what a rules file says: rules by pattern, or all that is wrong with it. */
export function readRules(file: unknown): RulesByPattern | readonly Problem[] {
  const problems: Problem[] = [];
  const rules = new Map<string, RuleChanges>();
  const topics = readTopics(file, problems);
  for (const [pattern, rule] of Object.entries(topics)) {
    const path = joinPath("topics", pattern);
    if (!topicPattern.test(pattern)) {
      const text = `is no topic. Give a topic's name, or the beginning of names and a * (${nameRule}).`;
      problems.push({ path, text });
    }
    rules.set(pattern, readRule(rule, path, problems));
  }
  return problems.length > 0 ? problems : rules;
}

function readTopics(file: unknown, problems: Problem[]): Record<string, unknown> {
  if (!isPlainObject(file)) {
    problems.push({ path: "", text: `is ${quote(file)}. Give an object, as { topics: { "chat": {…} } }.` });
    return {};
  }
  refuseUnknown(file, ["topics"], "", problems);
  const { topics = {} } = file;
  if (!isPlainObject(topics)) {
    problems.push({ path: "topics", text: `is ${quote(topics)}. Give rules by topic, as { "chat": {…} }.` });
    return {};
  }
  if (Object.keys(topics).length > patternsMax) {
    problems.push({ path: "topics", text: `has more than ${patternsMax} entries. Join some in a pattern.` });
    return {};
  }
  return topics;
}

function readRule(rule: unknown, path: string, problems: Problem[]): RuleChanges {
  if (!isPlainObject(rule)) {
    problems.push({ path, text: `is ${quote(rule)}. Give an object with some of ${fieldNames.join(", ")}.` });
    return {};
  }
  refuseUnknown(rule, fieldNames, path, problems);
  const changes: Partial<Record<keyof RuleChanges, unknown>> = {};
  for (const [name, [key, field]] of Object.entries(fields)) {
    const value = readField(rule[name], field, joinPath(path, name), problems);
    if (value !== undefined) changes[key] = value;
  }
  if (rule.allow !== undefined) changes.allow = readAllow(rule.allow, joinPath(path, "allow"), problems);
  if (rule.schema === null) changes.payload = null;
  else if (rule.schema !== undefined) {
    changes.payload = readSchema(rule.schema, joinPath(path, "schema"), problems);
  }
  return changes as RuleChanges;
}

function readAllow(allow: unknown, path: string, problems: Problem[]): Partial<Record<Right, Who>> {
  if (!isPlainObject(allow)) {
    problems.push({ path, text: `is ${quote(allow)}. Give an object with some of ${rights.join(", ")}.` });
    return {};
  }
  refuseUnknown(allow, rights, path, problems);
  const read: Partial<Record<Right, Who>> = {};
  for (const right of rights) {
    const value = readField(allow[right], who, joinPath(path, right), problems);
    if (value !== undefined) read[right] = value;
  }
  return read;
}

/** Undefined: it was not said, or is wrong. */
function readField<Value>(
  value: unknown,
  field: Field<Value>,
  path: string,
  problems: Problem[],
): Value | undefined {
  if (value === undefined) return undefined;
  const read = field.read(value);
  if (read === undefined) problems.push({ path, text: `is ${quote(value)}. Give ${field.expects}.` });
  return read;
}

function readSchema(schema: unknown, path: string, problems: Problem[]): PayloadSchema | null {
  const before = problems.length;
  const inlined = inlineSchema(schema, path, problems);
  if (problems.length > before) return null;
  try {
    return new PayloadSchema(inlined);
  } catch (error) {
    problems.push({ path, text: `cannot be compiled: ${(error as Error).message}.` });
    return null;
  }
}

function refuseUnknown(
  object: Record<string, unknown>,
  known: readonly string[],
  path: string,
  problems: Problem[],
): void {
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known, 3);
    const remedy = meant === undefined ? `Known are ${known.join(", ")}.` : `Did you mean ${meant}?`;
    problems.push({ path: joinPath(path, name), text: `unknown field. ${remedy}` });
  }
}
