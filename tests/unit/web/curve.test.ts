import { describe, expect, test } from "bun:test";
import { drawCurve, niceTop, shortNumber } from "../../../src/web/page/topics/curve.ts";

describe("curves", () => {
  test("grow in from the right edge", () => {
    const { line, area, top } = drawCurve([0, 5], 5, 100, 50);
    expect(top).toBe(10);
    expect(line).toBe("M75 50L100 25");
    expect(area).toBe("M75 50L100 25L100 50L75 50Z");
  });

  test("have a gap where a sample is not known", () => {
    expect(drawCurve([1, null, 1], 3, 100, 50).line).toBe("M0 25M100 25");
    expect(drawCurve([null, null], 3, 100, 50)).toMatchObject({ line: "", area: "" });
  });

  test("show the newest when there are too many", () => {
    expect(drawCurve([9, 0, 0], 2, 100, 50)).toMatchObject({ line: "M0 50L100 50", top: 1 });
  });
});

test("the top of a chart is a round number with some room above the value", () => {
  expect([0, 0.4, 0.9, 1, 1.5, 2, 3, 7, 10, 850].map(niceTop)).toEqual([1, 1, 1, 2, 2, 5, 5, 10, 20, 1000]);
  expect(niceTop(Number.NaN)).toBe(1);
});

test("numbers are short enough to read at a glance", () => {
  expect([0, 1.25, 99.96, 123.4, 9999, 12_345, 1_234_567].map(shortNumber)).toEqual([
    "0",
    "1.3",
    "100",
    "123",
    "9,999",
    "12.3k",
    "1.2M",
  ]);
});
