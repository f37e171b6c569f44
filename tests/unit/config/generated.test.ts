import { describe, expect, test } from "bun:test";
import { parseEnv } from "node:util";
import { envExample, envExampleFile, readmeFile, renewSections } from "../../../scripts/generate-docs.ts";
import { settingEntries } from "../../../src/config/schema.ts";
import { closeCodes } from "../../../src/core/close-codes.ts";
import { errorTable } from "../../../src/core/errors.ts";
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

describe("the README", () => {
  const empty = ["settings", "errors", "closes"].map(
    (name) => `<!-- ${name}:begin -->\nstale\n<!-- ${name}:end -->`,
  );
  const fresh = renewSections(`before\n${empty.join("\nin the midst\n")}\nafter\n`);

  test("is renewed between the markers and nowhere else", () => {
    expect(fresh).toStartWith("before\n<!-- settings:begin -->\n\n- ");
    expect(fresh).toEndWith("|\n\n<!-- closes:end -->\nafter\n");
    expect(fresh).not.toContain("stale");
    expect(fresh.match(/in the midst/g)).toHaveLength(2);
    expect(renewSections(fresh)).toBe(fresh);
  });

  test.each(settingEntries)("has %s", (_key, setting) => {
    const row = fresh.split("\n").find((line) => line.startsWith(`| \`${setting.name}\` |`));
    expect(row).toContain(setting.description);
    // A bar inside a cell would split it.
    expect(row?.split("|")).toHaveLength(6);
  });

  test("has every error code with its status, and every close code", () => {
    for (const [code, { status }] of Object.entries(errorTable))
      expect(fresh).toContain(`| \`${code}\` | ${status} |`);
    for (const { code, reason } of Object.values(closeCodes))
      expect(fresh).toContain(`| ${code} | ${reason} |`);
  });

  test("needs both markers in order", () => {
    expect(() => renewSections("no markers")).toThrow("README.md needs the lines");
    expect(() => renewSections("<!-- settings:end --><!-- settings:begin -->")).toThrow(
      "README.md needs the lines",
    );
  });

  test("is what `bun run generate` writes", async () => {
    const text = await Bun.file(readmeFile).text();
    expect(text).toBe(renewSections(text));
  });
});
