import { describe, expect, test } from "bun:test";
import { layerOf, readTree, type SourceFile } from "./source-tree.ts";

const source = readTree("src");
const code = source.filter(({ path }) => path.endsWith(".ts"));
const tests = readTree("tests").filter(({ path }) => path.endsWith(".ts"));

/** Beside itself, what each folder may import. `broker/port.ts` stands below the hub, the brokers above it. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ["core"],
  telemetry: ["core"],
  protocol: ["core"],
  limits: ["core"],
  auth: ["core"],
  rules: ["core", "config", "limits"],
  port: ["core"],
  hub: ["core", "protocol", "port"],
  broker: ["core", "protocol", "port", "hub"],
  session: ["core", "protocol", "limits", "auth", "port", "hub"],
  cluster: ["core", "protocol", "session"],
  transport: ["core", "protocol", "limits", "auth", "port", "hub", "session"],
  http: [
    ...["core", "protocol", "limits", "auth", "port", "hub", "session", "cluster", "transport"],
    ...["config", "telemetry", "web"],
  ],
  lifecycle: [
    ...["core", "protocol", "limits", "auth", "port", "hub", "broker", "session", "cluster", "transport"],
    ...["http", "config", "rules", "telemetry", "web"],
  ],
  main: ["config", "rules", "lifecycle"],
  client: [],
  web: ["client"],
};

const portPath = "src/broker/port.ts";
const layer = (path: string) => (path === portPath ? "port" : layerOf(path));

/** Where somebody from outside comes in: the process, the package of the SDK, and the page. */
const entries = [
  "src/main.ts",
  "src/client/index.ts",
  "src/web/page/index.html",
  "src/web/page/main.ts",
  "src/web/page/styles/page.css",
  "src/web/page/icon.svg",
];

const linesMax = 300;
/** Longer than that: the one table of all settings, and the SDK's one class that applications hold. */
const longFiles = ["src/client/client.ts"];

function describeImports(
  files: readonly SourceFile[],
  isWrong: (from: string, to: string) => boolean,
): string[] {
  return files.flatMap(({ path, imports }) =>
    imports.filter((to) => isWrong(path, to)).map((to) => `${path} imports ${to}`),
  );
}

describe("imports", () => {
  test("point one way", () => {
    const wrong = describeImports(code, (from, to) => {
      const [fromLayer, toLayer] = [layer(from), layer(to)];
      return (
        to.startsWith("src/") && fromLayer !== toLayer && mayImport[fromLayer]?.includes(toLayer) !== true
      );
    });
    expect(wrong).toEqual([]);
  });

  test("the order of the folders has no circle", () => {
    const reaches = (from: string, to: string): boolean =>
      mayImport[from]!.some((next) => next === to || reaches(next, to));
    for (const name of Object.keys(mayImport)) expect([name, reaches(name, name)]).toEqual([name, false]);
  });

  test("every folder has its place in that order", () => {
    const folders = new Set(code.map(({ path }) => layer(path)));
    expect([...folders].filter((folder) => !(folder in mayImport))).toEqual([]);
  });

  test("lead to files that are there, named with their ending, inside of src", () => {
    const known = new Set(source.map(({ path }) => path));
    const outside = ["package.json"];
    expect(describeImports(source, (_, to) => !known.has(to) && !outside.includes(to))).toEqual([]);
  });

  test("the pure layers use no clock, no randomness and no I/O but through their ports", () => {
    const pure = code.filter(({ path }) =>
      ["core", "protocol", "limits", "auth", "hub", "port"].includes(layer(path)),
    );
    const impure =
      /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|Bun\.|process\.[a-z]|console\.)/;
    const wrong = pure.flatMap(({ path, text, packages }) => [
      ...packages
        .filter(
          (name) => !["node:crypto", "jose", "typebox", "typebox/compile", "typebox/error"].includes(name),
        )
        .map((name) => `${path} imports ${name}`),
      ...text
        .split("\n")
        .filter((line) => impure.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    ]);
    expect(wrong).toEqual([]);
  });

  test("the transports alone know sockets", () => {
    const knowing = code
      .filter(({ text }) => /\bServerWebSocket\b/.test(text))
      .map(({ path }) => layer(path));
    expect(new Set(knowing)).toEqual(new Set(["transport"]));
  });

  test("the SDK and the page bring nothing with them", () => {
    const wrong = code
      .filter(({ path }) => path.startsWith("src/client/") || path.startsWith("src/web/page/"))
      .flatMap(({ path, packages }) => packages.map((name) => `${path} imports ${name}`));
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test("are all used", () => {
    const byPath = new Map(source.map((file) => [file.path, file]));
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const next of byPath.get(path)?.imports ?? []) visit(next);
    };
    for (const entry of entries) {
      expect([entry, byPath.has(entry)]).toEqual([entry, true]);
      visit(entry);
    }
    const unused = source
      .map(({ path }) => path)
      // The compiler takes these by itself.
      .filter((path) => !reached.has(path) && !/tsconfig\.json$|\.d\.ts$/.test(path));
    expect(unused).toEqual([]);
  });

  test(`have at most ${linesMax} lines`, () => {
    const long = code.filter(({ text }) => text.split("\n").length - 1 > linesMax).map(({ path }) => path);
    expect(long).toEqual(longFiles);
  });

  test("are named in kebab-case", () => {
    const wrong = [...source, ...tests]
      .map(({ path }) => path)
      .filter((path) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*\.[a-z]+$/.test(path));
    expect(wrong).toEqual([]);
  });

  test("leave nothing to be done later", () => {
    const marks = new RegExp(["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"].join("|"));
    const marked = [...source, ...tests].filter(({ text }) => marks.test(text)).map(({ path }) => path);
    expect(marked).toEqual([]);
  });

  test("in src are not tests, and tests are in tests", () => {
    expect(source.filter(({ path }) => /\.test\.ts$/.test(path)).map(({ path }) => path)).toEqual([]);
  });
});
