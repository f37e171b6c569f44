/** What reading a text gave: a value, or in a few words why there is none. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string };

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "ms millisecond milliseconds": 1,
    "s sec secs second seconds": 1000,
    "m min mins minute minutes": 60_000,
    "h hr hrs hour hours": 3_600_000,
    "d day days": 86_400_000,
    "w week weeks": 604_800_000,
  }).flatMap(([names, factor]) => names.split(" ").map((name) => [name, factor] as const)),
);

// A bare K, M or G is left out: half of the world means 1000 by it and the other half 1024.
const BYTE_UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    "b byte bytes": 1,
    kb: 1000,
    mb: 1000 ** 2,
    gb: 1000 ** 3,
    tb: 1000 ** 4,
    kib: 1024,
    mib: 1024 ** 2,
    gib: 1024 ** 3,
    tib: 1024 ** 4,
  }).flatMap(([names, factor]) => names.split(" ").map((name) => [name, factor] as const)),
);

const DURATION_STEPS: readonly (readonly [string, number])[] = [
  ["days", 86_400_000],
  ["s", 1000],
  ["ms", 1],
];

const BYTE_STEPS: readonly (readonly [string, number])[] = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["GB", 1000 ** 3],
  ["MB", 1000 ** 2],
  ["kB", 1000],
  ["bytes", 1],
];

/** Reads `30`, `0.5`, `500ms`, `10 s`, `30 min` or `30 days` into whole milliseconds; a plain number is seconds. */
export function parseDuration(text: string): Parsed<number> {
  return parseQuantity(text, DURATION_UNITS_MS, 1000, { noun: "a duration", step: "a millisecond" });
}

/** Reads `65536`, `64 KiB`, `4MiB` or `100 MB` into whole bytes; a plain number is bytes. */
export function parseBytes(text: string): Parsed<number> {
  return parseQuantity(text, BYTE_UNITS, 1, { noun: "a size", step: "a byte" });
}

/** Writes milliseconds in the largest unit that loses nothing; `parseDuration` reads it back to the same number. */
export function formatDuration(durationMs: number): string {
  return formatQuantity(durationMs, DURATION_STEPS);
}

/** Writes bytes in the largest unit that loses nothing; `parseBytes` reads it back to the same number. */
export function formatBytes(sizeBytes: number): string {
  return formatQuantity(sizeBytes, BYTE_STEPS);
}

function parseQuantity(
  text: string,
  units: ReadonlyMap<string, number>,
  plainFactor: number,
  words: { noun: string; step: string },
): Parsed<number> {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text);
  if (!match) return { ok: false, problem: `not ${words.noun}` };
  const [, digits = "", unit = ""] = match;
  const factor = unit === "" ? plainFactor : units.get(unit.toLowerCase());
  if (factor === undefined) return { ok: false, problem: `"${unit}" is not a unit of ${words.noun}` };
  const amount = Number(digits);
  const value = Math.round(amount * factor);
  if (!Number.isSafeInteger(value)) return { ok: false, problem: "too large a number" };
  // Zero often means "off": an amount must not become zero by being rounded.
  if (value === 0 && amount > 0) return { ok: false, problem: `less than ${words.step}, the smallest step` };
  return { ok: true, value };
}

function formatQuantity(amount: number, steps: readonly (readonly [string, number])[]): string {
  const step = steps.find(([, factor]) => amount !== 0 && amount % factor === 0);
  if (!step) return String(amount);
  const [unit, factor] = step;
  const count = amount / factor;
  const isPlural = unit === "days" || unit === "bytes";
  return `${count} ${count === 1 && isPlural ? unit.slice(0, -1) : unit}`;
}
