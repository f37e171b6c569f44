import { type HistogramConfiguration, Histogram as PrometheusHistogram } from "prom-client";
import { cumulativeCounts, type HistogramReading } from "./histogram.ts";

interface Sample {
  metricName: string;
  labels: { le?: number | string };
  value: number;
}

/**
 * A Prometheus histogram whose values were counted elsewhere. The library's own can only be fed value by value,
 * which is too dear for a hot path.
 */
export class CountedHistogram extends PrometheusHistogram {
  #samples: Sample[] = [];

  readonly #name: string;
  readonly #help: string;

  constructor(configuration: HistogramConfiguration<string>) {
    super(configuration);
    this.#name = configuration.name;
    this.#help = configuration.help;
  }

  show(histogram: HistogramReading): void {
    const name = this.#name;
    const counts = cumulativeCounts(histogram);
    const bucket = (le: number | string, value: number) => ({
      metricName: `${name}_bucket`,
      labels: { le },
      value,
    });
    this.#samples = [
      ...histogram.bounds.map((bound, index) => bucket(bound, counts[index]!)),
      bucket("+Inf", histogram.count),
      { metricName: `${name}_sum`, labels: {}, value: histogram.sum },
      { metricName: `${name}_count`, labels: {}, value: histogram.count },
    ];
  }

  /** What the library's text formats are made from. */
  async getForPromString() {
    return { name: this.#name, help: this.#help, type: "histogram", values: this.#samples };
  }
}
