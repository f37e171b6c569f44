import { actionFlags } from "./flags.ts";
import { modeDefaults } from "./modes.ts";
import { type SettingKey, settingEntries, settings } from "./schema.ts";
import { groups, type Setting } from "./setting.ts";
import { formatValue, range } from "./values.ts";
import { version } from "./version.ts";

const WIDTH = 80;
const FLAG_WIDTH = 27;
const NAME_WIDTH = 28;
const DEFAULT_WIDTH = 28;

/** How values are written, in sentences that the help text and the generated documents share. */
export const notation = [
  "A flag beats the environment, which beats .env; a name beats its alias; an empty value is as good as none.",
  "Durations: 30 or 0.5 (seconds), 500ms, 10 s, 30 min, 12 h, 30 days.",
  "Sizes: 65536 (bytes), 64 KiB, 4MiB, 100 MB.",
  "Lists: a,b or a JSON list.",
] as const;

/** The text of `--help`: every flag and every setting, at most 80 columns wide. */
export function helpText(): string {
  const lines = [
    `fanfare ${version}: a pub/sub server over WebSocket, Server-Sent Events and REST`,
    "",
    "Usage: bun src/main.ts [flags]",
    "",
    "Flags",
    ...flagLines(),
    "",
    ...notation.flatMap((sentence) => wrap(sentence, "")),
  ];
  for (const group of groups) {
    lines.push("", group);
    for (const [, setting] of settingEntries) {
      if (setting.group === group) lines.push(...settingLines(setting));
    }
  }
  return lines.join("\n");
}

/** The default as it would be written, `""` for one that is empty. */
export function defaultText(setting: Setting): string {
  return setting.defaultNote ?? formatValue(setting, setting.default);
}

/** Description, bounds, flag and aliases, in sentences. */
export function explanation(setting: Setting): string {
  const bounds = range(setting);
  return [
    setting.description,
    ...(bounds ? [`${bounds.charAt(0).toUpperCase()}${bounds.slice(1)}.`] : []),
    ...(setting.flag ? [`Flag: ${setting.flag}.`] : []),
    ...(setting.aliases.length > 0 ? [`Alias: ${setting.aliases.join(", ")}.`] : []),
  ].join(" ");
}

/** What `--dev` and `--prod` do. */
export function modeExplanation(mode: "dev" | "prod"): string {
  const purpose = mode === "dev" ? "For development, one process" : "For production";
  const defaults = Object.entries(modeDefaults[mode]).map(([key, value]) => {
    const setting = settings[key as SettingKey];
    return `${setting.name}=${formatValue(setting, value)}`;
  });
  const workers = mode === "prod" ? [`${settings.workers.name}=auto where there is Redis`] : [];
  return `${purpose}; unless set otherwise: ${[...defaults, ...workers].join(", ")}.`;
}

function flagLines(): string[] {
  const valued = settingEntries.flatMap(([, setting]): [string, string][] => {
    if (!setting.flag) return [];
    const value = setting.kind === "boolean" ? "" : ` <${setting.flag.slice(2)}>`;
    return [[`${setting.flag}${value}`, `${setting.name}, see below.`]];
  });
  const rows = [
    ["--dev", modeExplanation("dev")],
    ["--prod", modeExplanation("prod")],
    ...valued,
    ...Object.entries(actionFlags),
  ] as const;
  return rows.flatMap(([flag, meaning]) => {
    const [first = "", ...rest] = wrap(meaning, " ".repeat(FLAG_WIDTH));
    return [`  ${flag}`.padEnd(FLAG_WIDTH) + first.trimStart(), ...rest];
  });
}

function settingLines(setting: Setting): string[] {
  const head = `  ${setting.name.padEnd(NAME_WIDTH)}${(defaultText(setting) || "(empty)").padEnd(DEFAULT_WIDTH)}`;
  return [(head + setting.unit).trimEnd(), ...wrap(explanation(setting), "      ")];
}

function wrap(sentence: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of sentence.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line.length === indent.length ? word : ` ${word}`;
  }
  return [...lines, line];
}
