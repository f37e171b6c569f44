/** Buckets for each doubling of the value: a quantile is then off by 4.5 % at most. */
const bucketsPerOctave = 8;

export interface HistogramOptions {
  /** Values up to this one are not told apart. */
  minimum: number;
  /** Values from this one on are not told apart. */
  maximum: number;
  /** Ascending upper bounds of the buckets that Prometheus is shown; counted exactly. */
  bounds: readonly number[];
}

/** What a histogram holds, as plain JSON: distributions of several processes add up. */
export interface HistogramReading {
  readonly minimum: number;
  /** Counts by logarithm, for quantiles. */
  readonly buckets: readonly number[];
  readonly bounds: readonly number[];
  /** Counts up to each bound and above the one before. */
  readonly boundCounts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

export interface HistogramSummary {
  count: number;
  avg: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** A distribution in bounded memory: logarithmic buckets for quantiles, and given ones for Prometheus. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #minimum: number;
  readonly #buckets: Float64Array;
  readonly #boundCounts: Float64Array;
  #count = 0;
  #sum = 0;
  #max = 0;

  constructor({ minimum, maximum, bounds }: HistogramOptions) {
    const octaves = Math.log2(maximum / minimum);
    this.#bounds = bounds;
    this.#minimum = minimum;
    this.#buckets = new Float64Array(Math.ceil(octaves * bucketsPerOctave) + 2);
    this.#boundCounts = new Float64Array(bounds.length);
  }

  /** Below zero counts as zero, for clocks that step back; what is not a number is ignored. */
  observe(value: number): void {
    if (Number.isNaN(value)) return;
    const observed = Math.max(0, value);
    this.#count++;
    this.#sum += observed;
    if (observed > this.#max) this.#max = observed;
    this.#buckets[this.#bucketOf(observed)]! += 1;
    const bound = this.#bounds.findIndex((upper) => observed <= upper);
    if (bound !== -1) this.#boundCounts[bound]! += 1;
  }

  read(): HistogramReading {
    return {
      minimum: this.#minimum,
      buckets: [...this.#buckets],
      bounds: this.#bounds,
      boundCounts: [...this.#boundCounts],
      count: this.#count,
      sum: this.#sum,
      max: this.#max,
    };
  }

  #bucketOf(value: number): number {
    if (value <= this.#minimum) return 0;
    const bucket = Math.floor(Math.log2(value / this.#minimum) * bucketsPerOctave) + 1;
    return Math.min(bucket, this.#buckets.length - 1);
  }
}

/** How many values are at most each of the bounds. */
export function cumulativeCounts({ boundCounts }: HistogramReading): number[] {
  let total = 0;
  return boundCounts.map((count) => {
    total += count;
    return total;
  });
}

/**
 * The value that the given share of all values does not exceed, within 4.5 % (or within `minimum`); 0 when there
 * are none.
 */
export function quantile({ buckets, count, max, minimum }: HistogramReading, share: number): number {
  const rank = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (let bucket = 0; bucket < buckets.length - 1; bucket++) {
    seen += buckets[bucket]!;
    if (seen < rank) continue;
    const middle = bucket === 0 ? minimum : minimum * 2 ** ((bucket - 0.5) / bucketsPerOctave);
    return Math.min(middle, max);
  }
  // The last bucket has no upper end.
  return max;
}

export function summarise(reading: HistogramReading): HistogramSummary {
  return {
    count: reading.count,
    avg: reading.count === 0 ? 0 : reading.sum / reading.count,
    p50: quantile(reading, 0.5),
    p95: quantile(reading, 0.95),
    p99: quantile(reading, 0.99),
    max: reading.max,
  };
}

/** Both distributions together; of two that were counted differently, the first. */
export function addHistograms(one: HistogramReading, other: HistogramReading): HistogramReading {
  if (!isComparable(one, other)) return one;
  return {
    ...one,
    buckets: one.buckets.map((count, index) => count + other.buckets[index]!),
    boundCounts: one.boundCounts.map((count, index) => count + other.boundCounts[index]!),
    count: one.count + other.count,
    sum: one.sum + other.sum,
    max: Math.max(one.max, other.max),
  };
}

function isComparable(one: HistogramReading, other: HistogramReading): boolean {
  return (
    one.minimum === other.minimum &&
    one.buckets.length === other.buckets.length &&
    Bun.deepEquals(one.bounds, other.bounds)
  );
}
