import { Format } from "typebox/format";
import { isPlainObject } from "./problem.ts";

/** What stands under a keyword: schemas, in three shapes, or something that `isRight` knows. */
export type KeywordKind = "schema" | "schemas" | "schemas_by_name" | PlainKeyword;

export interface PlainKeyword {
  readonly isRight: (value: unknown) => boolean;
  readonly expects: string;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

const count: PlainKeyword = {
  isRight: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  expects: "a whole number, 0 or more",
};
const number: PlainKeyword = { isRight: isNumber, expects: "a number" };
const text: PlainKeyword = { isRight: isText, expects: "a text" };
const anything: PlainKeyword = { isRight: () => true, expects: "any value" };
const truth: PlainKeyword = { isRight: (value) => typeof value === "boolean", expects: "true or false" };
const names: PlainKeyword = {
  isRight: (value) => Array.isArray(value) && value.every(isText),
  expects: "a list of texts",
};
const list: PlainKeyword = {
  isRight: (value) => Array.isArray(value) && value.length > 0,
  expects: "a list with at least one value",
};

const types = ["null", "boolean", "integer", "number", "string", "array", "object"];

/** Testing it takes too long on texts made for that. */
const slowFormats = ["uri-template"];
const formats = Format.Entries()
  .map(([name]) => name)
  .filter((name) => !slowFormats.includes(name));

/** The keywords of JSON Schema that a payload's schema may have. */
export const keywords: Readonly<Record<string, KeywordKind>> = {
  type: {
    isRight: (value) =>
      Array.isArray(value)
        ? value.length > 0 && value.every((one) => types.includes(one))
        : isText(value) && types.includes(value),
    expects: `one of ${types.join(", ")}, or a list of them`,
  },
  enum: list,
  const: anything,
  // Numbers
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: { isRight: (value) => isNumber(value) && value > 0, expects: "a number above 0" },
  // Texts
  minLength: count,
  maxLength: count,
  pattern: { isRight: isPattern, expects: "a regular expression" },
  format: {
    isRight: (value) => isText(value) && formats.includes(value),
    expects: `one of ${formats.join(", ")}`,
  },
  // Lists
  items: "schema",
  prefixItems: "schemas",
  contains: "schema",
  minItems: count,
  maxItems: count,
  minContains: count,
  maxContains: count,
  uniqueItems: truth,
  // Objects
  properties: "schemas_by_name",
  patternProperties: "schemas_by_name",
  additionalProperties: "schema",
  propertyNames: "schema",
  required: names,
  minProperties: count,
  maxProperties: count,
  dependentRequired: {
    isRight: (value) => isPlainObject(value) && Object.values(value).every(names.isRight),
    expects: "lists of texts by name",
  },
  dependentSchemas: "schemas_by_name",
  // Combinations
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  not: "schema",
  if: "schema",
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; nobody awaits this table.
  then: "schema",
  else: "schema",
  // What is said for people and programs
  $schema: text,
  $comment: text,
  title: text,
  description: text,
  default: anything,
  examples: { isRight: Array.isArray, expects: "a list" },
  deprecated: truth,
  readOnly: truth,
  writeOnly: truth,
};

export function isPattern(value: unknown): boolean {
  if (!isText(value)) return false;
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}
