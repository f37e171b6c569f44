import Type, { type TSchema } from "typebox";

export const groups = [
  "Server",
  "Redis",
  "Authentication",
  "Logs",
  "Connections",
  "Admission",
  "History and topics",
  "Limits",
  "Rates",
  "Server-Sent Events",
  "Shutdown",
  "Notifications and chat",
  "Bridge to users",
  "Monitoring",
] as const;

export type Group = (typeof groups)[number];

/** How a setting's text is read. */
export type Kind = "text" | "integer" | "number" | "boolean" | "duration" | "bytes" | "choice" | "list";

/** One setting: everything the parser, the help text and the generated documents say about it. */
export interface Setting<Value = unknown> {
  /** The canonical name, as in the environment. */
  readonly name: string;
  /** Other names that are understood, in order of preference. */
  readonly aliases: readonly string[];
  readonly group: Group;
  readonly kind: Kind;
  /** What a plain number counts, `""` where there is none. */
  readonly unit: string;
  /** Holds the value's bounds; durations are whole milliseconds, sizes whole bytes. */
  readonly type: TSchema;
  readonly default: Value;
  /** Said instead of the default where it depends on the machine. */
  readonly defaultNote?: string;
  /** What the value must be, to complete "Give …". */
  readonly expects?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly choices?: readonly string[];
  /** Other spellings of the choices. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Choices are understood in any case; this is how they are shown. */
  readonly shownUpperCase?: boolean;
  /** The command-line flag, for the few settings that have one. */
  readonly flag?: string;
  /** What of the value is never shown: all of it, or the user and password of the URLs in it. */
  readonly secrecy?: "whole" | "credentials";
  readonly description: string;
}

interface Common<Value> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: Group;
  readonly default: Value;
  readonly defaultNote?: string;
  readonly flag?: string;
  readonly secrecy?: "whole" | "credentials";
  readonly description: string;
}

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

export function text(options: Common<string> & { pattern: RegExp; expects: string }): Setting<string> {
  const { pattern, ...rest } = options;
  const type = Type.String({ pattern: pattern.source, default: options.default });
  return { aliases: [], ...rest, kind: "text", unit: "", type };
}

/** A text that may be absent, which `null` stands for. */
export function optionalText(
  options: Omit<Common<null>, "default"> & { pattern: RegExp; expects: string },
): Setting<string | null> {
  const { pattern, ...rest } = options;
  const type = Type.Union([Type.Null(), Type.String({ pattern: pattern.source })], { default: null });
  return { aliases: [], ...rest, default: null, kind: "text", unit: "", type };
}

export function integer(
  options: Common<number> & Bounds & { unit: string; expects?: string },
): Setting<number> {
  return { aliases: [], ...options, kind: "integer", type: Type.Integer(bounds(options)) };
}

export function decimal(options: Common<number> & Bounds & { unit: string }): Setting<number> {
  return { aliases: [], ...options, kind: "number", type: Type.Number(bounds(options)) };
}

export function duration(options: Common<number> & Bounds): Setting<number> {
  return { aliases: [], ...options, kind: "duration", unit: "seconds", type: Type.Integer(bounds(options)) };
}

export function bytes(options: Common<number> & Bounds): Setting<number> {
  return { aliases: [], ...options, kind: "bytes", unit: "bytes", type: Type.Integer(bounds(options)) };
}

export function boolean(options: Common<boolean>): Setting<boolean> {
  const type = Type.Boolean({ default: options.default });
  return { aliases: [], ...options, kind: "boolean", unit: "", type };
}

export function choice<const Choice extends string>(
  options: Common<NoInfer<Choice>> & {
    choices: readonly Choice[];
    synonyms?: Readonly<Record<string, Choice>>;
    shownUpperCase?: boolean;
  },
): Setting<Choice> {
  const type = Type.Enum([...options.choices], { default: options.default });
  return { aliases: [], ...options, kind: "choice", unit: "", type };
}

export function list(
  options: Common<readonly string[]> & { pattern: RegExp; expects: string },
): Setting<readonly string[]> {
  const { pattern, ...rest } = options;
  const type = Type.Array(Type.String({ pattern: pattern.source }), { default: [...options.default] });
  return { aliases: [], ...rest, kind: "list", unit: "", type };
}

function bounds(options: Bounds & { default: number }) {
  return { minimum: options.minimum, maximum: options.maximum, default: options.default };
}
