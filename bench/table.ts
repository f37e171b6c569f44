import { meetsTarget, type Row } from "./scenario.ts";

const wholeNumber = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const columns: readonly { readonly title: string; readonly width: number; text(row: Row): string }[] = [
  { title: "scenario", width: -54, text: (row) => row.scenario },
  { title: "unit", width: -17, text: (row) => row.unit },
  { title: "bare", width: 11, text: (row) => wholeNumber.format(row.bare) },
  { title: "fanfare", width: 11, text: (row) => wholeNumber.format(row.fanfare) },
  {
    title: "ratio (min..max)",
    width: 19,
    text: ({ ratio }) =>
      ratio === null ? "-" : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}..${ratio.max.toFixed(2)})`,
  },
  { title: "target", width: 8, text: (row) => targetText(row) },
  {
    title: "verdict",
    width: -7,
    text: (row) => ({ true: "met", false: "MISSED", null: "" })[`${meetsTarget(row)}`],
  },
];

const targetText = ({ target }: Row): string => {
  if (target === null) return "-";
  if (target.kind === "fanfare") return `<= ${wholeNumber.format(target.atMost)}`;
  return "atMost" in target ? `<= ${target.atMost.toFixed(2)}` : `>= ${target.atLeast.toFixed(2)}`;
};

/** A negative width stands to the left of its column. */
const pad = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width));

export const tableHead = (): string => {
  const titles = columns.map((column) => pad(column.title, column.width)).join("  ");
  const rule = columns.map((column) => "-".repeat(Math.abs(column.width))).join("  ");
  return `${titles}\n${rule}`;
};

export const tableLine = (row: Row): string =>
  columns
    .map((column) => pad(column.text(row), column.width))
    .join("  ")
    .trimEnd();
