import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = "@scalar/api-reference";

/** The script that draws `/docs`, out of the installed package; null where it is not installed. */
export interface ApiReferenceScript {
  readonly file: string;
  readonly version: string;
}

/** A compiled binary, or an installation without optional files, has no such package. */
export function findApiReferenceScript(): ApiReferenceScript | null {
  try {
    // The package exports neither of the two files, only its entry beside them.
    const entry = import.meta.resolve(main);
    const { version } = JSON.parse(readFileSync(fileURLToPath(new URL("../package.json", entry)), "utf8"));
    const file = fileURLToPath(new URL("./browser/standalone.js", entry));
    return { file, version };
  } catch {
    return null;
  }
}
