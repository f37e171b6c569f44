/** Something wrong in a rules file. */
export interface Problem {
  /** Where, as `topics["orders.*"].flush_ms`. */
  readonly path: string;
  /** What is wrong and what to do, in one or two sentences. */
  readonly text: string;
}

/** The path of a field: with a dot where its name allows it. */
export function joinPath(path: string, name: string | number): string {
  if (typeof name === "number") return `${path}[${name}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name.slice(0, 80))}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** A value as it stands in the file, in a few characters. */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
