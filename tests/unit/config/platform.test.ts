import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import {
  parseFileDescriptorLimit,
  parseProcessorQuota,
  readConfigInput,
  readDotEnv,
} from "../../../src/config/platform.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fanfare-config-"));
  await mkdir(join(folder, "project"));
  await mkdir(join(folder, "elsewhere"));
  await writeFile(
    join(folder, "project", ".env"),
    'PORT=81\nLOG_ROTATION="50 MB" # a comment\nexport HOST=::1\n',
  );
  await writeFile(join(folder, "elsewhere", ".env"), "PORT=82\n");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe(".env files", () => {
  test("the last one counts most, and a missing one is none", () => {
    const files = [
      join(folder, "project", ".env"),
      join(folder, "elsewhere", ".env"),
      join(folder, "nowhere"),
    ];
    expect(readDotEnv(files)).toEqual({
      dotEnv: { PORT: "82", LOG_ROTATION: "50 MB", HOST: "::1" },
      warnings: [],
    });
  });

  test("one that cannot be read is warned of", () => {
    const { dotEnv, warnings } = readDotEnv([join(folder, "project")]);
    expect(dotEnv).toEqual({});
    expect(warnings).toEqual([
      `${join(folder, "project")} cannot be read (EISDIR): its settings do not count.`,
    ]);
  });
});

describe("a process of its own", () => {
  const root = join(import.meta.dir, "..", "..", "..");

  // A copy of the project, because the .env file of this one is its developer's.
  beforeAll(async () => {
    const project = join(folder, "project");
    for (const part of ["config", "core"]) {
      await cp(join(root, "src", part), join(project, "src", part), { recursive: true });
    }
    await cp(join(root, "package.json"), join(project, "package.json"));
    await symlink(join(root, "node_modules"), join(project, "node_modules"));
    await writeFile(
      join(project, "src", "main.ts"),
      `import { loadConfig, readConfigInput } from "./config/index.ts";
      const loaded = loadConfig(readConfigInput());
      console.log(loaded.kind === "run" ? loaded.config.port : JSON.stringify(loaded));`,
    );
    await mkdir(join(folder, "without"));
  });

  async function portOf(given: {
    cwd: string;
    env?: Record<string, string>;
    flags?: string[];
    args?: string[];
  }) {
    const main = join(folder, "project", "src", "main.ts");
    const child = Bun.spawn([process.execPath, ...(given.flags ?? []), main, ...(given.args ?? [])], {
      cwd: join(folder, given.cwd),
      env: { PATH: process.env.PATH ?? "", ...given.env },
      stderr: "inherit",
    });
    return (await new Response(child.stdout).text()).trim();
  }

  test("reads the .env of the project wherever it runs, and of the folder it runs in", async () => {
    expect(await portOf({ cwd: "project" })).toBe("81");
    expect(await portOf({ cwd: "without" })).toBe("81");
    expect(await portOf({ cwd: "elsewhere" })).toBe("82");
  });

  test("prefers a real variable to .env, an alias too, and a flag to both", async () => {
    for (const cwd of ["project", "elsewhere", "without"]) {
      expect(await portOf({ cwd, env: { PORT: "83" } })).toBe("83");
      expect(await portOf({ cwd, env: { API_PORT: "84" } })).toBe("84");
      expect(await portOf({ cwd, env: { PORT: "83" }, args: ["--port", "85"] })).toBe("85");
    }
  });

  test("takes an empty variable for none", async () => {
    expect(await portOf({ cwd: "project", env: { PORT: "" } })).toBe("81");
  });

  test("reads no file with --no-env-file, and the given one with --env-file", async () => {
    expect(await portOf({ cwd: "project", flags: ["--no-env-file"] })).toBe("8000");
    const file = join(folder, "elsewhere", ".env");
    expect(await portOf({ cwd: "project", flags: [`--env-file=${file}`] })).toBe("82");
  });
});

describe("the limit of open files", () => {
  test.each([
    [
      "Limit  Soft  Hard  Units\nMax open files            20000                40000                files\n",
      20_000,
    ],
    ["Max open files            unlimited            unlimited            files\n", Number.POSITIVE_INFINITY],
    ["Max cpu time              unlimited            unlimited            seconds\n", undefined],
  ])("is found in %j", (limits, expected) => {
    expect(parseFileDescriptorLimit(limits)).toBe(expected);
  });

  test.if(process.platform === "linux")("is known on this machine", () => {
    expect(readConfigInput().fileDescriptorLimit).toBeGreaterThan(0);
  });
});

describe("the processors that the process may use", () => {
  test.each([
    ["max 100000\n", Number.POSITIVE_INFINITY],
    ["", Number.POSITIVE_INFINITY],
    ["50000 100000\n", 1],
    ["200000 100000\n", 2],
    ["250000 100000\n", 3],
  ])("a quota of %j", (quota, processors) => {
    expect(parseProcessorQuota(quota)).toBe(processors);
  });

  test("are at least one, and as many as the machine has at most", () => {
    expect(readConfigInput().cores).toBeWithin(1, availableParallelism() + 1);
  });
});
