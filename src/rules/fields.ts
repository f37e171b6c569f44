import { formatBytes, formatDuration, type Parsed, parseBytes, parseDuration } from "../config/units.ts";
import type { Role } from "../core/role.ts";
import type { Who } from "./rule.ts";

/** How the value of one field is read. */
export interface Field<Value> {
  /** What it must be, to complete "Give …". */
  readonly expects: string;
  /** Undefined: it is something else. */
  read(value: unknown): Value | undefined;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

export const flag: Field<boolean> = {
  expects: "true or false",
  read: (value) => (typeof value === "boolean" ? value : undefined),
};

const words = ["anyone", "nobody", "tokens", "keys"] as const;
const roles: readonly Role[] = ["chat", "user", "admin"];

export const who: Field<Who> = {
  expects: `${words.map((word) => `"${word}"`).join(", ")} or a list of roles, as ["admin"] (${roles.join(", ")})`,
  read(value) {
    if (!Array.isArray(value)) return words.find((word) => word === value);
    const known = value.every((role): role is Role => roles.includes(role));
    return known && value.length > 0 ? value : undefined;
  },
};

export function integer({ least, most }: Range, what: string): Field<number> {
  return {
    expects: `a whole number from ${least} to ${most} (${what})`,
    read: (value) => within(Number.isInteger(value) ? (value as number) : undefined, { least, most }),
  };
}

/** More than nothing, and no more than `most`. */
export function amount(most: number, what: string): Field<number> {
  return {
    expects: `a number above 0, at most ${most} (${what})`,
    read: (value) => (typeof value === "number" && value > 0 && value <= most ? value : undefined),
  };
}

export function duration(range: Range): Field<number> {
  const { least, most } = range;
  const bounds = `${formatDuration(least)} to ${formatDuration(most)}`;
  return {
    expects: `a duration from ${bounds}, as 30 (seconds) or "10 min"`,
    read: (value) => within(quantity(value, parseDuration), range),
  };
}

export function size(range: Range): Field<number> {
  const { least, most } = range;
  return {
    expects: `a size from ${formatBytes(least)} to ${formatBytes(most)}, as 4096 (bytes) or "4 KiB"`,
    read: (value) => within(quantity(value, parseBytes), range),
  };
}

/** Null takes back what a less specific pattern says. */
export function orNull<Value>(field: Field<Value>): Field<Value | null> {
  return {
    expects: `${field.expects}, or null`,
    read: (value) => (value === null ? null : field.read(value)),
  };
}

function quantity(value: unknown, parse: (text: string) => Parsed<number>): number | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const parsed = parse(String(value).trim());
  return parsed.ok ? parsed.value : undefined;
}

function within(value: number | undefined, { least, most }: Range): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
