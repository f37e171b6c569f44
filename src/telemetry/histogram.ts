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
  readonly bounds: readonly number[];
  readonly #minimum: number;
  readonly #buckets: Float64Array;
  readonly #boundCounts: Float64Array;
  #count = 0;
  #sum = 0;
  #max = 0;

  constructor({ minimum, maximum, bounds }: HistogramOptions) {
    const octaves = Math.log2(maximum / minimum);
    this.bounds = bounds;
    this.#minimum = minimum;
    this.#buckets = new Float64Array(Math.ceil(octaves * bucketsPerOctave) + 2);
    this.#boundCounts = new Float64Array(bounds.length);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Below zero counts as zero, for clocks that step back; what is not a number is ignored. */
  observe(value: number): void {
    if (Number.isNaN(value)) return;
    const observed = Math.max(0, value);
    this.#count++;
    this.#sum += observed;
    if (observed > this.#max) this.#max = observed;
    this.#buckets[this.#bucketOf(observed)]! += 1;
    const bound = this.bounds.findIndex((upper) => observed <= upper);
    if (bound !== -1) this.#boundCounts[bound]! += 1;
  }

  /** How many values are at most each of the bounds. */
  cumulativeCounts(): number[] {
    let total = 0;
    return Array.from(this.#boundCounts, (count) => {
      total += count;
      return total;
    });
  }

  /**
   * The value that the given share of all values does not exceed, within 4.5 % (or within `minimum`); 0 when
   * there are none.
   */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      seen += this.#buckets[bucket]!;
      if (seen >= rank) return Math.min(this.#middleOf(bucket), this.#max);
    }
    return this.#max;
  }

  summary(): HistogramSummary {
    return {
      count: this.#count,
      avg: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.quantile(0.5),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
      max: this.#max,
    };
  }

  #bucketOf(value: number): number {
    if (value <= this.#minimum) return 0;
    const bucket = Math.floor(Math.log2(value / this.#minimum) * bucketsPerOctave) + 1;
    return Math.min(bucket, this.#buckets.length - 1);
  }

  #middleOf(bucket: number): number {
    if (bucket === 0) return this.#minimum;
    if (bucket === this.#buckets.length - 1) return this.#max;
    return this.#minimum * 2 ** ((bucket - 0.5) / bucketsPerOctave);
  }
}
