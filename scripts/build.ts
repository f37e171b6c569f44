import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findApiReferenceScript } from "../src/http/api-reference.ts";
import { buildPage } from "../src/web/bundle.ts";

const root = join(import.meta.dir, "..");

/**
 * Compiles the server into one file that needs neither Bun nor sources nor packages. The page at `/` and the
 * script of `/docs` are read from files while the server runs: here they are put in, in place of the modules that
 * read them.
 *
 * @throws AggregateError when a source does not compile
 */
export async function compileServer(outfile: string): Promise<void> {
  await Bun.build({
    entrypoints: [join(root, "src/main.ts")],
    compile: { outfile },
    // For stacks in the log that name files and lines.
    sourcemap: "inline",
    files: {
      [join(root, "src/web/bundle.ts")]: pageModule(await buildPage()),
      [join(root, "src/http/api-reference.ts")]: apiReferenceModule(findApiReferenceScript()),
    },
  });
  // The binary has it inside.
  await rm(`${outfile}.map`, { force: true });
}

function pageModule(page: Awaited<ReturnType<typeof buildPage>>): string {
  return `export const buildPage = async () => (${JSON.stringify(page)});`;
}

function apiReferenceModule(script: ReturnType<typeof findApiReferenceScript>): string {
  if (script === null) throw new Error("@scalar/api-reference is not installed: run `bun install`.");
  return [
    `import file from ${JSON.stringify(script.file)} with { type: "file" };`,
    `export const findApiReferenceScript = () => ({ file, version: ${JSON.stringify(script.version)} });`,
  ].join("\n");
}

if (import.meta.main) {
  const outfile = process.argv[2] ?? join(root, "dist", "fanfare");
  if (outfile.startsWith("-")) {
    console.error("Usage: bun run build [file]   (default: dist/fanfare)");
    process.exit(2);
  }
  await compileServer(outfile);
  console.log(outfile);
}
