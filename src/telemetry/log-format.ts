import type { LogLevel } from "./log-level.ts";

const colourOf: Record<Uppercase<LogLevel>, string> = {
  TRACE: "90",
  DEBUG: "36",
  INFO: "32",
  WARNING: "33",
  ERROR: "31",
  CRITICAL: "97;41",
};

/**
 * A JSON log line as text for people: `time LEVEL message name=value …`, one line, followed by the frames of
 * the errors in it, indented. Control characters, line ends, ANSI escapes and characters that reorder text
 * are written as escapes, so that no value can forge a line or drive a terminal.
 *
 * @param line JSON of one record, with its line end
 */
export function formatText(line: string, colours: boolean): string {
  const { level, time, msg, pid, node, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const paint = colours ? paintAnsi : paintNothing;
  const levelName = String(level);
  const parts = [
    paint(String(time), "2"),
    paint(levelName.padEnd(8), colourOf[levelName as Uppercase<LogLevel>] ?? "0"),
    escapeControl(String(msg)),
  ];
  for (const [name, value] of Object.entries({ ...fields, node, pid })) {
    if (value !== undefined) parts.push(`${paint(`${escapeControl(name)}=`, "2")}${formatValue(value)}`);
  }
  const frames = Object.values(fields).flatMap((value) => (isError(value) ? formatFrames(value) : []));
  return `${[parts.join(" "), ...frames].join("\n")}\n`;
}

/**
 * A JSON log line in which also those characters are escapes that JSON allows as they are, and that drive a terminal
 * or reorder text: C1 controls, Unicode line ends, marks of direction. Its values stay the same.
 *
 * @param line JSON of one record, with its line end
 */
export function formatJson(line: string): string {
  return mark.test(line) ? line.replace(marks, escapeCharacter) : line;
}

function formatValue(value: unknown): string {
  if (isError(value)) return formatValue(`${value.type}: ${value.message}`);
  if (typeof value === "string" && /^[\w.:/@%+,~-]+$/.test(value)) return value;
  return escapeControl(JSON.stringify(value));
}

function formatFrames(error: FormattedError): string[] {
  const frames = framesOf(error).map((frame) => `    ${escapeControl(frame)}`);
  const related = [error.cause, ...(error.errors ?? [])].filter(isError);
  for (const cause of related) {
    frames.push(`    caused by ${escapeControl(`${cause.type}: ${cause.message}`)}`, ...formatFrames(cause));
  }
  return frames;
}

/** The stack begins with type and message, which may be several lines of somebody else's text. */
function framesOf({ type, message, stack }: FormattedError): string[] {
  const heading = message === "" ? type : `${type}: ${message}`;
  const frames = stack.startsWith(heading) ? stack.slice(heading.length) : stack;
  return frames
    .split("\n")
    .map((frame) => frame.trim())
    .filter((frame) => frame.startsWith("at "));
}

interface FormattedError {
  type: string;
  message: string;
  stack: string;
  cause?: unknown;
  errors?: unknown[];
}

function isError(value: unknown): value is FormattedError {
  if (typeof value !== "object" || value === null) return false;
  const { type, message, stack, errors } = value as Partial<FormattedError>;
  const listed = errors === undefined || Array.isArray(errors);
  return [type, message, stack].every((member) => typeof member === "string") && listed;
}

const mark = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const marks = new RegExp(mark, "g");

/** C0 and C1 controls, DEL, Unicode line ends, and the marks that change the direction of text. */
const control = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escapeControl(text: string): string {
  return text.replace(control, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function paintAnsi(text: string, code: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}

function paintNothing(text: string): string {
  return text;
}
