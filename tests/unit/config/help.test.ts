import { describe, expect, test } from "bun:test";
import { defaultText, helpText } from "../../../src/config/help.ts";
import { settingEntries } from "../../../src/config/schema.ts";
import { groups } from "../../../src/config/setting.ts";
import { parseValue } from "../../../src/config/values.ts";
import { errorsOf } from "./loading.ts";

const lines = helpText().split("\n");

describe("--help", () => {
  test("fits 80 columns", () => {
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(settingEntries)("says %s with default, unit and aliases", (_key, setting) => {
    const start = lines.findIndex((line) => line.startsWith(`  ${setting.name} `));
    expect(start).toBeGreaterThan(0);
    expect(lines[start]).toEndWith(setting.unit);
    const end = lines.findIndex((line, index) => index > start && !line.startsWith("      "));
    const about = lines.slice(start + 1, end === -1 ? undefined : end).map((line) => line.trim());
    expect(about.join(" ")).toStartWith(setting.description);
    for (const alias of setting.aliases) expect(about.join(" ")).toContain(alias);
  });

  test("shows defaults as they would be written", () => {
    expect(helpText()).toMatch(/^ {2}PING_INTERVAL +30 s +seconds$/m);
    expect(helpText()).toMatch(/^ {2}LOG_ROTATION +100 MB +bytes$/m);
    expect(helpText()).toMatch(/^ {2}LOG_LEVEL +INFO$/m);
    expect(helpText()).toMatch(/^ {2}MAX_CONNECTIONS +file-descriptor limit - 256 +connections$/m);
  });

  test("says every group once, and no group is empty", () => {
    for (const group of groups) {
      expect(lines.filter((line) => line === group)).toHaveLength(1);
      expect(settingEntries.some(([, setting]) => setting.group === group)).toBe(true);
    }
  });

  test("says no flag that is not understood", () => {
    const flags = lines.flatMap((line) => /^ {2}(--[a-z-]+)/.exec(line)?.[1] ?? []);
    expect(flags).toContainAllValues([
      "--dev",
      "--prod",
      "--host",
      "--port",
      "--workers",
      "--log-level",
      "--reload",
      "--help",
      "--version",
      "--check-config",
    ]);
    for (const flag of flags.filter((name) => name !== "--help" && name !== "--version")) {
      const errors = errorsOf({ argv: `${flag}=x --wrong` });
      expect(errors.filter((error) => error.startsWith(flag) && error.includes("unknown"))).toEqual([]);
    }
  });
});

describe("the table of settings", () => {
  test("has every name once, aliases included", () => {
    const names = settingEntries.flatMap(([, setting]) => [setting.name, ...setting.aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(settingEntries)("%s: its default is read back from how it is shown", (_key, setting) => {
    if (setting.defaultNote || defaultText(setting) === "") return;
    expect(parseValue(setting, defaultText(setting))).toEqual({ ok: true, value: setting.default });
  });
});
