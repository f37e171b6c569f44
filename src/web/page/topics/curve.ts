/** Paths of a chart in a box of `width` by `height`, and the value at its top. */
export interface Curve {
  readonly line: string;
  readonly area: string;
  readonly top: number;
}

/**
 * Draws samples from the right edge leftwards, one step for each of `capacity` places, so that a short series
 * grows in from the right. A null is a gap in the line. `topOf` makes the value at the top of the highest sample.
 */
export function drawCurve(
  samples: readonly (number | null)[],
  capacity: number,
  width: number,
  height: number,
  topOf: (highest: number) => number = niceTop,
): Curve {
  const shown = samples.slice(-capacity);
  const top = topOf(Math.max(0, ...shown.map((sample) => sample ?? 0)));
  const step = width / (capacity - 1);
  const start = capacity - shown.length;
  let line = "";
  let area = "";
  let runStart: string | null = null;
  let lastX = "";
  const closeRun = () => {
    if (runStart !== null) area += `L${lastX} ${height}L${runStart} ${height}Z`;
    runStart = null;
  };
  for (const [index, sample] of shown.entries()) {
    if (sample === null) {
      closeRun();
      continue;
    }
    const x = round((start + index) * step);
    const point = `${x} ${round(height - (sample / top) * height)}`;
    line += `${runStart === null ? "M" : "L"}${point}`;
    area += `${runStart === null ? "M" : "L"}${point}`;
    runStart ??= x;
    lastX = x;
  }
  closeRun();
  return { line, area, top };
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** So that the highest sample stays clear of what is written at the top. */
const headroom = 1.1;

/** The next of 1, 2, 5, 10, 20, 50 … with some room above `value`; at least 1. */
export function niceTop(value: number): number {
  const needed = value * headroom;
  if (!(needed > 1)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(needed));
  const step = [1, 2, 5, 10].find((candidate) => candidate * magnitude >= needed) ?? 10;
  return step * magnitude;
}

/** A rate or count for people: one decimal where it matters, thousands shortened. */
export function shortNumber(value: number): string {
  if (value >= 1_000_000) return `${trim(value / 1_000_000)}M`;
  if (value >= 10_000) return `${trim(value / 1000)}k`;
  return trim(value);
}

function trim(value: number): string {
  return value < 100 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString("en");
}
