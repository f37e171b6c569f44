import { isSensitiveName, redacted, redactText, redactUrl } from "./redact.ts";

export type LogFields = Readonly<Record<string, unknown>>;

/** What stands in a log line for an error; `cause` and `errors` (of an AggregateError) are of the same shape. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string | number;
  stack?: string;
  cause?: unknown;
  errors?: unknown[];
}

/** Bounds of one line, so that no value can make a log line unreadable or costly. */
const textCharacters = 8192;
const depthMax = 6;
const entriesMax = 100;

/**
 * Plain, bounded JSON without secrets, made of anything: errors keep type, message, code, stack and cause;
 * what JSON cannot say (functions, symbols, bytes, cycles) becomes a word in brackets. Never throws.
 */
export function plainFields(fields: LogFields): Record<string, unknown> {
  try {
    return plainObject(fields, 0, []) as Record<string, unknown>;
  } catch {
    // A getter or proxy that throws.
    return { fields: "[unreadable]" };
  }
}

function plainValue(value: unknown, depth: number, parents: readonly object[]): unknown {
  switch (typeof value) {
    case "string":
      return plainText(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return value.toString();
    case "function":
    case "symbol":
      return `[${typeof value}]`;
    case "object":
      return value === null ? null : plainReference(value, depth, parents);
    default:
      return value;
  }
}

function plainReference(value: object, depth: number, parents: readonly object[]): unknown {
  if (parents.includes(value)) return "[circular]";
  if (depth >= depthMax) return "[too deep]";
  if (value instanceof Error) return plainError(value, depth, [...parents, value]);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return plainText(String(value));
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value) || value instanceof Set) return plainList([...value], depth, [...parents, value]);
  if (value instanceof Map || value instanceof Headers) {
    return plainObject(Object.fromEntries(value.entries()), depth, [...parents, value]);
  }
  return plainObject(value, depth, [...parents, value]);
}

function plainList(values: readonly unknown[], depth: number, parents: readonly object[]): unknown[] {
  const list = values.slice(0, entriesMax).map((value) => plainValue(value, depth + 1, parents));
  if (values.length > entriesMax) list.push(`[${values.length - entriesMax} more]`);
  return list;
}

function plainObject(value: object, depth: number, parents: readonly object[]): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  const entries = Object.entries(value);
  for (const [name, member] of entries.slice(0, entriesMax)) {
    plain[plainText(name)] = plainMember(name, member, depth, parents);
  }
  if (entries.length > entriesMax) plain["…"] = `[${entries.length - entriesMax} more]`;
  return plain;
}

function plainMember(name: string, value: unknown, depth: number, parents: readonly object[]): unknown {
  if (isSecret(name, value)) return redacted;
  // Names of parameters may be percent-encoded, so that no text would show what they are.
  if (name === "url" && typeof value === "string") return redactUrl(value.slice(0, textCharacters));
  return plainValue(value, depth + 1, parents);
}

/** `token: null` and `token: false` say that there is none, which is worth reading and gives nothing away. */
function isSecret(name: string, value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== "boolean" && isSensitiveName(name);
}

function plainError(error: Error, depth: number, parents: readonly object[]): LoggedError {
  const plain: LoggedError = { type: plainText(error.name), message: plainText(error.message) };
  const { code } = error as { code?: unknown };
  if (typeof code === "string" || typeof code === "number") plain.code = code;
  if (typeof error.stack === "string") plain.stack = plainText(error.stack);
  if (error.cause !== undefined) plain.cause = plainValue(error.cause, depth + 1, parents);
  if (error instanceof AggregateError) plain.errors = plainList(error.errors, depth + 1, parents);
  return plain;
}

function plainText(text: string): string {
  if (text.length <= textCharacters) return redactText(text);
  return `${redactText(text.slice(0, textCharacters))}… [${text.length - textCharacters} more characters]`;
}
