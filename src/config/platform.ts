import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { ConfigInput } from "./load.ts";
import type { Environment } from "./sources.ts";

/**
 * Gathers from this process what decides the configuration. `.env` is looked for in the project's folder and in
 * the current one, which counts more. With Bun's `--no-env-file` or `--env-file` no file is read here: the
 * latter's is in the environment already.
 */
export function readConfigInput(): ConfigInput {
  const projectFolder = join(import.meta.dir, "..", "..");
  const chosenByFlag = process.execArgv.some((argument) => /^--(no-)?env-file\b/.test(argument));
  const files = chosenByFlag ? [] : [join(projectFolder, ".env"), join(process.cwd(), ".env")];
  const limit = readFileDescriptorLimit();
  return {
    argv: process.argv.slice(2),
    env: process.env,
    ...readDotEnv(files),
    ...(limit === undefined ? {} : { fileDescriptorLimit: limit }),
    memoryLimitBytes: Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()),
    cores: Math.min(availableParallelism(), parseProcessorQuota(readText("/sys/fs/cgroup/cpu.max") ?? "")),
  };
}

/** Reads `.env` files; of a name in several the last file's counts. A missing file is none. */
export function readDotEnv(files: readonly string[]): { dotEnv: Environment; warnings: string[] } {
  const dotEnv: Record<string, string | undefined> = {};
  const warnings: string[] = [];
  for (const file of new Set(files)) {
    try {
      Object.assign(dotEnv, parseEnv(readFileSync(file, "utf8")));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "ENOENT") warnings.push(`${file} cannot be read (${code}): its settings do not count.`);
    }
  }
  return { dotEnv, warnings };
}

/** The soft limit of open files, as `/proc/self/limits` says it. */
export function parseFileDescriptorLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** The processors, rounded up, whose time a container may use, as its `cpu.max` says it. */
export function parseProcessorQuota(quota: string): number {
  const [, share, period] = /^(\d+) (\d+)$/.exec(quota.trim()) ?? [];
  return share === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.ceil(Number(share) / Number(period)));
}

function readFileDescriptorLimit(): number | undefined {
  // Systems without /proc: the default of MAX_CONNECTIONS is then a fixed number.
  return parseFileDescriptorLimit(readText("/proc/self/limits") ?? "");
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
