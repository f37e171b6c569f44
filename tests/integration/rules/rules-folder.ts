import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FanfareConfig } from "../../../src/rules/define.ts";

/** A folder with a rules file. */
export interface RulesFolder {
  readonly folder: string;
  /** The file, as `RULES_FILE` takes it. */
  readonly file: string;
  write(rules: FanfareConfig["topics"] | string): void;
  remove(): void;
}

/** `text` is what the file says, or its rules by topic. */
export function rulesFolder(
  rules: FanfareConfig["topics"] | string,
  name = "fanfare.config.json",
): RulesFolder {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-rules-"));
  const file = join(folder, name);
  const write = (next: FanfareConfig["topics"] | string) =>
    writeFileSync(file, typeof next === "string" ? next : JSON.stringify({ topics: next }));
  write(rules);
  return { folder, file, write, remove: () => rmSync(folder, { recursive: true }) };
}
