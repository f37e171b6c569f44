import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client";
import { CountedHistogram } from "./counted-histogram.ts";
import { readProcessFacts } from "./process-facts.ts";
import {
  type HistogramMetric,
  type NumberMetric,
  prometheusMetrics,
  type Scrape,
} from "./prometheus-metrics.ts";
import type { TelemetryState } from "./state.ts";

export interface PrometheusAnswer {
  contentType: string;
  body: string;
}

/** One of the two text formats, on a registry of its own. */
export class PrometheusExporter {
  readonly #state: TelemetryState;
  readonly #registry = new Registry<RegistryContentType>();
  readonly #update: ((scrape: Scrape) => void)[];

  constructor(state: TelemetryState, openMetrics: boolean) {
    this.#state = state;
    this.#registry.setContentType(
      openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    this.#update = prometheusMetrics.map((metric) =>
      metric.type === "histogram" ? this.#addHistogram(metric) : this.#addNumber(metric),
    );
    this.#addBuildInfo();
  }

  async scrape(): Promise<PrometheusAnswer> {
    const scrape: Scrape = { ...this.#state, process: readProcessFacts() };
    for (const update of this.#update) update(scrape);
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #addNumber({ type, name, help, label, read }: NumberMetric): (scrape: Scrape) => void {
    const configuration = { name, help, labelNames: label ? [label] : [], registers: [this.#registry] };
    const metric = type === "counter" ? new Counter(configuration) : new Gauge(configuration);
    return (scrape) => {
      const reading = read(scrape);
      metric.reset();
      if (reading === null) metric.remove({});
      else if (typeof reading === "number") metric.inc(reading);
      else for (const [value, count] of Object.entries(reading)) metric.inc({ [label!]: value }, count);
    };
  }

  #addHistogram({ name, help, read }: HistogramMetric): (scrape: Scrape) => void {
    const metric = new CountedHistogram({ name, help, registers: [this.#registry] });
    return (scrape) => metric.show(read(scrape));
  }

  #addBuildInfo(): void {
    const labels = { version: this.#state.build.version, bun_version: this.#state.build.bunVersion };
    new Gauge({
      name: "fanfare_build_info",
      help: "Always 1; the labels say what runs",
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    }).set(labels, 1);
  }
}
