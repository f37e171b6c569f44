/** Where documents say the default port, a test has another one. */
const portInDocuments = /\b8000\b/g;

const token = /…|\$([a-z_]+)/g;

/**
 * What stands for something else in a document's examples. `…` matches anything within a line, and any lines
 * where it is alone in one. `$name` matches anything the first time, and from then on only the same; in what
 * is sent or typed it is replaced by it. The port 8000 is the name `port`.
 */
export class Placeholders {
  readonly #values = new Map<string, string>();

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** The names with their values, as a shell takes them. */
  get environment(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }

  /** The text with every value that is known. */
  fill(text: string): string {
    return withPortName(text).replace(token, (word, name?: string) => this.#values.get(name ?? "") ?? word);
  }

  /** Whether the text is as expected; if so, what its new names stand for is remembered. */
  matches(expected: string, text: string): boolean {
    const match = this.#pattern(expected).exec(text);
    if (match === null) return false;
    for (const [name, value] of Object.entries(match.groups ?? {})) this.#values.set(name, value);
    return true;
  }

  #pattern(expected: string): RegExp {
    const seen = new Set<string>();
    const [first = "", ...others] = withPortName(expected)
      .split("\n")
      .map((line) => (line === "…" ? null : this.#linePattern(line, seen)));
    const rest = others.map((line) => (line === null ? "(?:\\n[^]*?)?" : `\\n${line}`));
    return new RegExp(`^${first ?? "[^]*?"}${rest.join("")}$`);
  }

  #linePattern(line: string, seen: Set<string>): string {
    let pattern = "";
    let end = 0;
    for (const match of line.matchAll(token)) {
      pattern += RegExp.escape(line.slice(end, match.index)) + this.#tokenPattern(match[1], seen);
      end = match.index + match[0].length;
    }
    return pattern + RegExp.escape(line.slice(end));
  }

  /** `name` undefined: the token is `…`. */
  #tokenPattern(name: string | undefined, seen: Set<string>): string {
    if (name === undefined) return "[^\\n]*?";
    const known = this.#values.get(name);
    if (known !== undefined) return RegExp.escape(known);
    if (seen.has(name)) return `\\k<${name}>`;
    seen.add(name);
    return `(?<${name}>[^"\\s]+?)`;
  }
}

function withPortName(text: string): string {
  return text.replace(portInDocuments, "$$port");
}
