import { concealCredentials } from "./redis-url.ts";
import type { Setting } from "./setting.ts";
import { formatBytes, formatDuration, type Parsed, parseBytes, parseDuration } from "./units.ts";

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

/** Reads a setting's text by its kind. Bounds are not checked here. */
export function parseValue(setting: Setting, text: string): Parsed<unknown> {
  switch (setting.kind) {
    case "text":
      return { ok: true, value: text };
    case "integer":
      return parseNumber(text, /^[+-]?\d+$/, "a whole number");
    case "number":
      return parseNumber(text, /^[+-]?(\d+(\.\d+)?|\.\d+)$/, "a number");
    case "boolean":
      return parseBoolean(text);
    case "duration":
      return parseDuration(text);
    case "bytes":
      return parseBytes(text);
    case "choice":
      return parseChoice(setting, text);
    case "list":
      return parseList(text);
  }
}

/** Writes a value as it would be given in the environment, but for secrets; of one that is absent, nothing. */
export function formatValue(setting: Setting, value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return "";
  if (setting.secrecy === "whole") return "***";
  if (setting.secrecy === "credentials") return [value].flat().map(String).map(concealCredentials).join(",");
  if (setting.kind === "duration") return formatDuration(value as number);
  if (setting.kind === "bytes") return formatBytes(value as number);
  if (setting.kind === "list") return (value as readonly string[]).join(",");
  return setting.shownUpperCase ? String(value).toUpperCase() : String(value);
}

/** A text that was given for the setting, as it may be shown. */
export function concealText(setting: Setting, text: string): string {
  if (setting.secrecy === "whole") return "***";
  if (setting.secrecy === undefined) return text;
  return concealCredentials(text);
}

/** What a value of this setting must be, to complete "Give …". */
export function expectation(setting: Setting): string {
  const { minimum, maximum } = setting;
  switch (setting.kind) {
    case "text":
    case "list":
      return setting.expects ?? "a text";
    case "integer":
      return setting.expects ?? `a whole number from ${minimum} to ${maximum}`;
    case "number":
      return `a number from ${minimum} to ${maximum}`;
    case "boolean":
      return "true or false (1/0, yes/no and on/off are understood too)";
    case "duration":
      return `a duration from ${range(setting)}, such as 30 (seconds), 500ms or 10 min`;
    case "bytes":
      return `a size from ${range(setting)}, such as 65536 (bytes), 64 KiB or 100 MB`;
    case "choice":
      return range(setting);
  }
}

/** Bounds or choices in a few words, `""` where there are none. */
export function range(setting: Setting): string {
  if (setting.choices)
    return `one of ${setting.choices.map((item) => formatValue(setting, item)).join(", ")}`;
  if (setting.minimum === undefined || setting.maximum === undefined) return "";
  return `${formatValue(setting, setting.minimum)} to ${formatValue(setting, setting.maximum)}`;
}

/** Why a value that was read is out of bounds. */
export function boundsProblem(setting: Setting, value: unknown): string {
  if (typeof value === "number" && setting.minimum !== undefined && value < setting.minimum) {
    return `less than ${formatValue(setting, setting.minimum)}, the least allowed`;
  }
  if (typeof value === "number" && setting.maximum !== undefined && value > setting.maximum) {
    return `more than ${formatValue(setting, setting.maximum)}, the most allowed`;
  }
  return "not of the right form";
}

function parseNumber(text: string, pattern: RegExp, noun: string): Parsed<number> {
  if (!pattern.test(text)) return { ok: false, problem: `not ${noun}` };
  return { ok: true, value: Number(text) };
}

function parseBoolean(text: string): Parsed<boolean> {
  const value = BOOLEANS.get(text.toLowerCase());
  return value === undefined ? { ok: false, problem: "neither true nor false" } : { ok: true, value };
}

function parseChoice(setting: Setting, text: string): Parsed<string> {
  const word = text.toLowerCase();
  const value = setting.synonyms?.[word] ?? word;
  if (!setting.choices?.includes(value)) return { ok: false, problem: "not one of the choices" };
  return { ok: true, value };
}

function parseList(text: string): Parsed<readonly string[]> {
  if (!text.startsWith("[")) {
    const items = text.split(",").map((item) => item.trim());
    return { ok: true, value: items.filter((item) => item !== "") };
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return { ok: true, value };
    return { ok: false, problem: "not a JSON list of strings" };
  } catch {
    return { ok: false, problem: "broken JSON" };
  }
}
