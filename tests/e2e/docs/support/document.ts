import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The folder of the repository. */
export const root = new URL("../../../../", import.meta.url).pathname;

/** A fenced block. */
export interface CodeBlock {
  readonly language: string;
  readonly lines: readonly string[];
  /** Of its first line, counted from 1, in the document. */
  readonly line: number;
  /** The last line of text before it. */
  readonly before: string;
}

/** A Markdown file of the repository. */
export interface Document {
  /** Its path in the repository. */
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

export async function readDocument(name: string): Promise<Document> {
  return parseDocument(name, await readFile(join(root, name), "utf8"));
}

export function parseDocument(name: string, text: string): Document {
  return { name, text, blocks: readBlocks(text) };
}

/** The blocks in one of these languages. */
export function blocksIn(document: Document, ...languages: string[]): CodeBlock[] {
  return document.blocks.filter(({ language }) => languages.includes(language));
}

/** The part under a heading, up to the next one of its level or above. */
export function section(document: Document, heading: string): string {
  const lines = document.text.split("\n");
  const all = headingLines(document);
  const start = all.findIndex((line) => lines[line] === heading);
  if (start < 0) throw new Error(`${document.name} has no heading "${heading}"`);
  const level = (line: number) => lines[line]!.indexOf(" ");
  const end = all.slice(start + 1).find((line) => level(line) <= level(all[start]!));
  return lines.slice(all[start], end).join("\n");
}

/** The headings, as they are written. */
export function headings(document: Document): string[] {
  const lines = document.text.split("\n");
  return headingLines(document).map((line) => lines[line]!);
}

/** The links to files of the repository and to headings. */
export function relativeLinks(document: Document): string[] {
  const targets = [...textOnly(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** What a link to each heading has behind `#`, as GitHub makes it. */
export function anchors(document: Document): string[] {
  return headings(document).map((heading) => {
    const words = heading.replace(/^#+ /, "").toLowerCase();
    return words.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  });
}

/** The rows of the tables in a text, cell by cell, without their heads. A bar is written `\|` in a cell. */
export function tableRows(text: string): string[][] {
  const rows = text.split("\n").map((line) => /^\|(.*)\|$/.exec(line)?.[1]);
  return rows.flatMap((row, index) => {
    const isHead = /^\|?-/.test(rows[index + 1] ?? "");
    if (row === undefined || isHead || /^-/.test(row)) return [];
    return [row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"))];
  });
}

/** Which lines are headings, counted from 0. */
function headingLines(document: Document): number[] {
  return textOnly(document)
    .split("\n")
    .flatMap((line, index) => (/^#+ /.test(line) ? [index] : []));
}

/** Its text, with an empty line for each line of a fenced block. */
function textOnly(document: Document): string {
  const lines = document.text.split("\n");
  for (const block of document.blocks) lines.fill("", block.line - 1, block.line - 1 + block.lines.length);
  return lines.join("\n");
}

function readBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let block: { language: string; lines: string[]; line: number; before: string } | null = null;
  let before = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (block !== null && line === "```") {
      blocks.push(block);
      block = null;
    } else if (block !== null) {
      block.lines.push(line);
    } else if (line.startsWith("```")) {
      block = { language: line.slice(3).trim(), lines: [], line: index + 2, before };
    } else if (line !== "") {
      before = line;
    }
  }
  return blocks;
}
