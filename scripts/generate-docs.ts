import { join } from "node:path";
import { defaultText, explanation, modeExplanation, notation } from "../src/config/help.ts";
import { settingEntries } from "../src/config/schema.ts";
import { groups, type Setting } from "../src/config/setting.ts";
import { closeCodes, type Reconnect } from "../src/core/close-codes.ts";
import { errorTable } from "../src/core/errors.ts";

const root = join(import.meta.dir, "..");
export const envExampleFile = join(root, ".env.example");
export const readmeFile = join(root, "README.md");

/** `.env.example`: every setting with its default, each commented out, so that a copy changes nothing. */
export function envExample(): string {
  const lines = [
    "# Settings of Fanfare. Copy this file to .env and remove the # before what you change.",
    "# Written by `bun run generate` from src/config/settings.",
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

/** The error codes, as a table. */
export function errorsSection(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`,
  );
  return ["| Code | Status | Meaning |", "|---|---|---|", ...rows].join("\n");
}

const reconnectAdvice: Record<Reconnect, string> = {
  never: "no",
  soon: "soon, with jitter",
  slowly: "with a longer delay",
  with_new_token: "with a new token",
};

/** The close codes that the server sends, as a table. */
export function closeCodesSection(): string {
  const rows = Object.values(closeCodes).map(
    ({ code, reason, reconnect }) => `| ${code} | ${reason} | ${reconnectAdvice[reconnect]} |`,
  );
  return ["| Code | Why | Reconnect? |", "|---|---|---|", ...rows].join("\n");
}

const readmeSections = {
  settings: settingsSection,
  errors: errorsSection,
  closes: closeCodesSection,
};

/** `readme` with its generated sections renewed. Throws where markers are missing. */
export function renewSections(readme: string): string {
  let renewed = readme;
  for (const [name, write] of Object.entries(readmeSections)) {
    const begin = `<!-- ${name}:begin -->`;
    const end = `<!-- ${name}:end -->`;
    const from = renewed.indexOf(begin);
    const to = renewed.indexOf(end);
    if (from === -1 || to < from)
      throw new Error(`README.md needs the lines ${begin} and ${end}, in this order`);
    renewed = `${renewed.slice(0, from)}${begin}\n\n${write()}\n\n${renewed.slice(to)}`;
  }
  return renewed;
}

function settingsOf(group: string): Setting[] {
  return settingEntries.map(([, setting]) => setting).filter((setting) => setting.group === group);
}

if (import.meta.main) {
  await Bun.write(envExampleFile, envExample());
  await Bun.write(readmeFile, renewSections(await Bun.file(readmeFile).text()));
}
