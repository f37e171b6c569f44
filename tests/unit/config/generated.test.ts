import { describe, expect, test } from "bun:test";
import { parseEnv } from "node:util";
import {
  BEGIN_MARKER,
  END_MARKER,
  envExample,
  envExampleFile,
  readmeFile,
  renewSettingsSection,
} from "../../../scripts/generate-docs.ts";
import { settingEntries } from "../../../src/config/schema.ts";
import { configOf } from "./loading.ts";

describe(".env.example", () => {
  test("is what `bun run generate` writes", async () => {
    expect(await Bun.file(envExampleFile).text()).toBe(envExample());
  });

  test("changes nothing as it is", () => {
    expect(parseEnv(envExample())).toEqual({});
  });

  test("has every setting, with its default", () => {
    const dotEnv = parseEnv(envExample().replace(/^#([A-Z])/gm, "$1"));
    expect(Object.keys(dotEnv)).toEqual(settingEntries.map(([, setting]) => setting.name));
    expect(configOf({ dotEnv })).toEqual(configOf({}));
  });
});

describe("the README's settings", () => {
  const fresh = renewSettingsSection(`before\n${BEGIN_MARKER}\nstale words\n${END_MARKER}\nafter\n`);

  test("are renewed between the markers and nowhere else", () => {
    expect(fresh).toStartWith(`before\n${BEGIN_MARKER}\n- `);
    expect(fresh).toEndWith(`|\n${END_MARKER}\nafter\n`);
    expect(fresh).not.toContain("stale words");
    expect(renewSettingsSection(fresh)).toBe(fresh);
  });

  test.each(settingEntries)("have %s", (_key, setting) => {
    const row = fresh.split("\n").find((line) => line.startsWith(`| \`${setting.name}\` |`));
    expect(row).toContain(setting.description);
    // A bar inside a cell would split it.
    expect(row?.split("|")).toHaveLength(6);
  });

  test("need both markers in order", () => {
    expect(() => renewSettingsSection("no markers")).toThrow("README.md needs the lines");
    expect(() => renewSettingsSection(`${END_MARKER}${BEGIN_MARKER}`)).toThrow("README.md needs the lines");
  });

  test("are what `bun run generate` writes", async () => {
    const readme = Bun.file(readmeFile);
    if (!(await readme.exists())) return;
    const text = await readme.text();
    expect(text).toBe(renewSettingsSection(text));
  });
});
