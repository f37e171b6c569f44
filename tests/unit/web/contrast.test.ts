import { describe, expect, test } from "bun:test";

const tokens = await Bun.file(new URL("../../../src/web/page/styles/tokens.css", import.meta.url)).text();

/** A custom property's colour in each theme. */
function colorsOf(name: string, scope = tokens): { light: string; dark: string } {
  const value = new RegExp(`--${name}:\\s*([^;]+);`).exec(scope)?.[1];
  if (value === undefined) throw new Error(`no --${name}`);
  const pair = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value);
  return pair === null ? { light: value, dark: value } : { light: pair[1]!, dark: pair[2]! };
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [lower, higher] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (higher! + 0.05) / (lower! + 0.05);
}

const pairs: readonly (readonly [text: string, ground: string])[] = [
  ["ink", "ground"],
  ["ink", "surface"],
  ["ink", "bubble"],
  ["ink", "surface-sunken"],
  ["ink", "accent-wash"],
  ["ink", "bad-wash"],
  ["ink", "good-wash"],
  ["ink", "warning-wash"],
  ["ink-soft", "ground"],
  ["ink-soft", "surface"],
  ["ink-soft", "bubble"],
  ["ink-soft", "surface-sunken"],
  ["ink-soft", "warning-wash"],
  ["ink-soft", "good-wash"],
  ["ink-soft", "bad-wash"],
  ["ink-soft", "info-wash"],
  ["on-accent", "accent-fill"],
  ["on-accent", "accent-fill-hover"],
  ["on-bubble-own", "bubble-own"],
  ["bubble-own-soft", "bubble-own"],
  ["accent", "surface"],
  ["accent", "bubble"],
  ["accent", "accent-wash"],
  ["accent", "info-wash"],
  ["accent", "bad-wash"],
  ["brass", "brass-wash"],
  ["good", "surface"],
  ["good", "good-wash"],
  ["warning", "warning-wash"],
  ["bad", "surface"],
  ["bad", "bad-wash"],
];

describe("text has the contrast that WCAG AA asks for", () => {
  for (const theme of ["light", "dark"] as const) {
    for (const [text, ground] of pairs) {
      test(`${text} on ${ground}, ${theme}`, () => {
        expect(contrast(colorsOf(text)[theme], colorsOf(ground)[theme])).toBeGreaterThanOrEqual(4.5);
      });
    }

    for (let tint = 0; tint < 8; tint += 1) {
      test(`a name and an avatar in tint ${tint}, ${theme}`, () => {
        const scope = tokens.slice(tokens.indexOf(`.tint-${tint} {`));
        expect(contrast(colorsOf("tint", scope)[theme], colorsOf("bubble")[theme])).toBeGreaterThanOrEqual(
          4.5,
        );
        expect(contrast("#ffffff", colorsOf("tint-fill", scope)[theme])).toBeGreaterThanOrEqual(4.5);
      });
    }
  }
});
