import { addHistograms, type HistogramReading } from "./histogram.ts";
import type { Counts } from "./labelled-counter.ts";
import { readProcessFacts } from "./process-facts.ts";
import { type Combination, type NumberReading, prometheusMetrics } from "./prometheus-metrics.ts";
import type { TelemetryState } from "./state.ts";

type Reading = NumberReading | HistogramReading;

/** What every metric says at one moment, by its name, as plain JSON: processes tell it each other. */
export type Readings = Readonly<Record<string, Reading>>;

/** The process is asked once for all of its metrics. */
export function readMetrics(state: TelemetryState): Readings {
  const scrape = { ...state, process: readProcessFacts() };
  return Object.fromEntries(
    prometheusMetrics.map((metric) => {
      const reading = metric.type === "histogram" ? metric.read(scrape).read() : metric.read(scrape);
      return [metric.name, reading];
    }),
  );
}

/** The metrics of several processes as if they were one. A process of another version may lack some. */
export function combineReadings(all: readonly Readings[]): Readings {
  return Object.fromEntries(
    prometheusMetrics.map((metric) => {
      const readings = all.map((one) => one[metric.name]);
      if (metric.type === "histogram") {
        const [first, ...others] = readings.filter(isHistogram);
        return [metric.name, first === undefined ? emptyHistogram : others.reduce(addHistograms, first)];
      }
      const numbers = readings.filter(isNumberReading);
      return [metric.name, combineNumbers(numbers, metric.combination ?? "sum")];
    }),
  );
}

/**
 * What stays of a process that has ended: what it counted, which must not be missing in the sum, or a scraper would
 * take the sum's fall for a restart. What it had at the moment, gauges, ended with it.
 */
export function addEnded(ended: Readings, last: Readings): Readings {
  const sum: Record<string, Reading> = { ...ended };
  for (const [name, reading] of Object.entries(last)) {
    const before = sum[name];
    if (isHistogram(reading)) {
      sum[name] = isHistogram(before) ? addHistograms(before, reading) : reading;
    } else if (name.endsWith("_total")) {
      const numbers = [before, reading].filter(isNumberReading);
      sum[name] = combineNumbers(numbers, "sum");
    }
  }
  return sum;
}

const emptyHistogram: HistogramReading = {
  minimum: 1,
  buckets: [],
  bounds: [],
  boundCounts: [],
  count: 0,
  sum: 0,
  max: 0,
};

function isHistogram(reading: Reading | undefined): reading is HistogramReading {
  return typeof reading === "object" && reading !== null && Array.isArray(reading.buckets);
}

function isNumberReading(reading: Reading | undefined): reading is NumberReading {
  return reading !== undefined && !isHistogram(reading);
}

function combineNumbers(readings: readonly NumberReading[], combination: Combination): NumberReading {
  const numbers = readings.filter((reading) => typeof reading === "number");
  if (numbers.length > 0) return combine(numbers, combination);
  const counts = readings.filter((reading) => typeof reading === "object" && reading !== null);
  if (counts.length === 0) return null;
  const labels = new Set(counts.flatMap((one) => Object.keys(one)));
  return Object.fromEntries(
    [...labels].map((label) => [label, combine(numbersOf(counts, label), combination)]),
  );
}

function numbersOf(counts: readonly Counts<string>[], label: string): number[] {
  return counts.map((one) => one[label]).filter((count) => count !== undefined);
}

function combine(numbers: readonly number[], combination: Combination): number {
  const sum = numbers.reduce((total, number) => total + number, 0);
  switch (combination) {
    case "sum":
      return sum;
    case "mean":
      return sum / numbers.length;
    case "max":
      return Math.max(...numbers);
    case "min":
      return Math.min(...numbers);
  }
}
