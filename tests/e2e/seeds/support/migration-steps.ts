/** One thing that a cell of a migration table says to do, or what comes of it. */
export type Step =
  | { readonly kind: "setting"; readonly name: string; readonly value: string }
  | { readonly kind: "program"; readonly argv: readonly string[] }
  | { readonly kind: "script"; readonly runner: "bun run" | "make"; readonly name: string }
  | {
      readonly kind: "request";
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | null;
    }
  | { readonly kind: "answer"; readonly status: number; readonly body: RegExp }
  | { readonly kind: "send"; readonly text: string }
  | { readonly kind: "receive"; readonly frame: RegExp }
  | { readonly kind: "closed"; readonly code: number }
  | { readonly kind: "stop" };

type Reader = (match: readonly string[]) => Step;

const readers: readonly (readonly [RegExp, Reader])[] = [
  [/^([A-Z][A-Z_]+)=(.+)$/, ([, name, value]) => ({ kind: "setting", name: name!, value: value! })],
  [
    /^bun src\/main\.ts(.*)$/,
    ([, flags]) => ({ kind: "program", argv: flags!.split(" ").filter((word) => word !== "") }),
  ],
  [
    /^(bun run|make) ([a-z:-]+)$/,
    ([, runner, name]) => ({ kind: "script", runner: runner as "bun run" | "make", name: name! }),
  ],
  [
    /^(GET|POST|DELETE) (\S+)(?: \(([A-Za-z-]+): ([^)]+)\))?(?: (.+))?$/,
    ([, method, path, header, value, body]) => ({
      kind: "request",
      method: method!,
      path: path!,
      headers: header === undefined ? {} : { [header]: value! },
      body: body ?? null,
    }),
  ],
  [
    /^([2-5]\d\d)(?: (.+))?$/,
    ([, status, body]) => ({ kind: "answer", status: Number(status), body: patternOf(body ?? "…") }),
  ],
  [/^> (.+)$/, ([, text]) => ({ kind: "send", text: text! })],
  [/^< (.+)$/, ([, frame]) => ({ kind: "receive", frame: patternOf(frame!) })],
  [/^close (\d{4})$/, ([, code]) => ({ kind: "closed", code: Number(code) })],
  [/^SIGTERM$/, () => ({ kind: "stop" })],
];

/** The steps of a cell, which are its code; the words between are for people. Throws where code is no step. */
export function stepsOf(cell: string): Step[] {
  return codeOf(cell).map((code) => {
    for (const [pattern, read] of readers) {
      const match = pattern.exec(code);
      if (match !== null) return read(match);
    }
    throw new Error(`\`${code}\` is nothing that could be run`);
  });
}

/** The settings among a cell's code, which need not be steps otherwise. */
export function settingsOf(cell: string): Record<string, string> {
  const matches = codeOf(cell).map((code) => /^([A-Z][A-Z_]+)=(.+)$/.exec(code));
  return Object.fromEntries(matches.flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!]])));
}

function codeOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

/** `…` is anything. */
function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join("[^]*?")}$`);
}
