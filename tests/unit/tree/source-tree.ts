import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dir, "..", "..", "..");

export interface SourceFile {
  /** From the root, as `src/hub/hub.ts`. */
  readonly path: string;
  readonly text: string;
  /** What it imports of this project, types too: paths from the root. */
  readonly imports: readonly string[];
  /** What it imports of others, as `typebox` or `node:crypto`. */
  readonly packages: readonly string[];
}

/** Every way in which a file names another: `import`, `export … from`, `import()`, and those of CSS. */
const references = [
  /^(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm,
  /^import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']\s*\)/g,
  /^@import\s+["']([^"']+)["']/gm,
  /\burl\(["']?(\.[^"')]+)["']?\)/g,
];

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const specifiers = references.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
  const isLocal = (specifier: string) => specifier.startsWith(".");
  return {
    path,
    text,
    imports: specifiers
      .filter(isLocal)
      .map((specifier) => relative(root, join(root, dirname(path), specifier))),
    packages: specifiers.filter((specifier) => !isLocal(specifier)),
  };
}

/** All files of a folder, deep, in a fixed order. */
export function readTree(folder: string): SourceFile[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"))
    .sort()
    .map(read);
}

/** The first folder below `src`; of `src/main.ts` it is `main`. */
export function layerOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.ts$/, "");
}
