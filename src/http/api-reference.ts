import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = "@scalar/api-reference";

/** The script that draws `/docs`, out of the installed package; null where it is not installed. */
export interface ApiReferenceScript {
  readonly file: string;
  readonly version: string;
}

/**
 * An installation may lack the package. A compiled server has no packages at all: `scripts/build.ts` puts the
 * file in, in the place of this module.
 */
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
