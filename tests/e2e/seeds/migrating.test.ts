import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { unusedNames } from "../../../src/config/unused-names.ts";
import { headings, readDocument, root, section, tableRows } from "../docs/support/document.ts";
import { configOf, runSteps } from "./support/migration-run.ts";
import { settingsOf, stepsOf } from "./support/migration-steps.ts";

const document = await readDocument("docs/migrating.md");

/** What stands in the place of steps, or of a test, and what such a row must be about. */
const later: Readonly<Record<string, RegExp>> = {
  "comes with deployment": /docker|container|compose|nginx/i,
};
const nothing = "–";

const parts = headings(document)
  .filter((heading) => heading.startsWith("## "))
  .map((heading) => {
    const rows = tableRows(section(document, heading));
    return {
      name: heading.slice(3),
      changes: rows.filter((row) => row.length === 3) as [string, string, string][],
      sentences: rows.filter((row) => row.length === 2) as [string, string][],
    };
  });

test("there is a part for each of the five servers, with its changes and its sentences", () => {
  expect(parts).toHaveLength(5);
  for (const { changes, sentences } of parts) {
    expect(changes.length).toBeGreaterThan(8);
    expect(sentences.length).toBeGreaterThan(8);
  }
});

describe.each(parts.map(({ name, changes }) => [name, changes] as const))("%s", (_name, changes) => {
  for (const [before, now] of changes) {
    if (now in later) continue;
    const title = `${before} ${nothing === now ? "has no effect" : ""}`.replaceAll("`", "").trim();
    test(title, async () => {
      const settings = settingsOf(before);
      const steps = now === nothing ? [] : stepsOf(now);
      if (now === nothing) {
        for (const name of Object.keys(settings)) expect([...unusedNames.keys()]).toContain(name);
      } else {
        expect(steps).not.toBeEmpty();
      }
      // Both names of a setting give the same.
      if (Object.keys(settings).length > 0) expect(configOf(settings)).toEqual(configOf(settingsOf(now)));
      await runSteps(steps);
    });
  }
});

test("what comes later is a matter of containers, or of several processes", () => {
  for (const { changes, sentences } of parts) {
    for (const [subject, verdict] of [...changes, ...sentences]) {
      if (verdict in later) expect(subject).toMatch(later[verdict]!);
    }
  }
});

describe("each sentence of a README has a test that shows it", () => {
  for (const { name, sentences } of parts) {
    test(name, async () => {
      for (const [sentence, shownBy] of sentences) {
        if (shownBy in later) continue;
        const files = [...shownBy.matchAll(/`([^`]+)`: ((?:“[^”]+”(?:, )?)+)/g)];
        expect(files, sentence).not.toBeEmpty();
        expect(files.map(([text]) => text).join("; "), sentence).toBe(shownBy);
        for (const [, file, names] of files) {
          const source = await Bun.file(join(root, "tests", `${file}.test.ts`)).text();
          for (const [, shown] of names!.matchAll(/“([^”]+)”/g)) {
            const call = new RegExp(`(?:test|\\))\\(\\s*["'\`]${RegExp.escape(shown!)}["'\`],`);
            expect(call.test(source), `${file}: ${shown}`).toBe(true);
          }
        }
      }
    });
  }
});
