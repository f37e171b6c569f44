import { join } from "node:path";
import { defaultText, explanation, modeExplanation, notation } from "../src/config/help.ts";
import { settingEntries } from "../src/config/schema.ts";
import { groups, type Setting } from "../src/config/setting.ts";

export const BEGIN_MARKER = "<!-- settings:begin -->";
export const END_MARKER = "<!-- settings:end -->";

const root = join(import.meta.dir, "..");
export const envExampleFile = join(root, ".env.example");
export const readmeFile = join(root, "README.md");

/** `.env.example`: every setting with its default, each commented out, so that a copy changes nothing. */
export function envExample(): string {
  const lines = [
    "# Settings of Fanfare. Copy this file to .env and remove the # before what you change.",
    "# Written by `bun run generate` from src/config/schema.ts.",
    "#",
    ...notation.map((sentence) => `# ${sentence}`),
  ];
  for (const group of groups) {
    lines.push("", `## ${group}`);
    for (const setting of settingsOf(group)) {
      // Without blanks, so that shells and containers' env files read it too.
      const value = setting.defaultNote ? "" : defaultText(setting).replaceAll(" ", "");
      lines.push("", `# ${explanation(setting)}`);
      if (setting.defaultNote) lines.push(`# Default: ${setting.defaultNote}.`);
      lines.push(`#${setting.name}=${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The README's section about settings, without its markers. */
export function settingsSection(): string {
  const lines = [
    ...notation.map((sentence) => `- ${sentence}`),
    `- \`--dev\`: ${modeExplanation("dev")}`,
    `- \`--prod\`: ${modeExplanation("prod")}`,
  ];
  for (const group of groups) {
    lines.push("", `**${group}**`, "", "| Setting | Default | Unit | Meaning |", "|---|---|---|---|");
    for (const setting of settingsOf(group)) {
      const fallback = defaultText(setting);
      const shown = setting.defaultNote ?? (fallback && `\`${fallback}\``);
      lines.push(`| \`${setting.name}\` | ${shown} | ${setting.unit} | ${explanation(setting)} |`);
    }
  }
  return lines.join("\n");
}

/** `readme` with its section about settings renewed. Throws where the markers are missing. */
export function renewSettingsSection(readme: string): string {
  const begin = readme.indexOf(BEGIN_MARKER);
  const end = readme.indexOf(END_MARKER);
  if (begin === -1 || end < begin) {
    throw new Error(`README.md needs the lines ${BEGIN_MARKER} and ${END_MARKER}, in this order`);
  }
  return `${readme.slice(0, begin)}${BEGIN_MARKER}\n${settingsSection()}\n${readme.slice(end)}`;
}

function settingsOf(group: string): Setting[] {
  return settingEntries.map(([, setting]) => setting).filter((setting) => setting.group === group);
}

if (import.meta.main) {
  await Bun.write(envExampleFile, envExample());
  const readme = Bun.file(readmeFile);
  if (await readme.exists()) await Bun.write(readmeFile, renewSettingsSection(await readme.text()));
}
