import { Counter, Gauge, Registry, type RegistryContentType } from "prom-client";
import { CountedHistogram } from "./counted-histogram.ts";
import type { HistogramReading } from "./histogram.ts";
import {
  type HistogramMetric,
  type NumberMetric,
  type NumberReading,
  prometheusMetrics,
} from "./prometheus-metrics.ts";
import type { Readings } from "./readings.ts";
import type { BuildFacts } from "./state.ts";

export interface PrometheusAnswer {
  contentType: string;
  body: string;
}

/** One of the two text formats, on a registry of its own. */
export class PrometheusExporter {
  readonly #registry = new Registry<RegistryContentType>();
  readonly #update: ((readings: Readings) => void)[];

  constructor(build: BuildFacts, openMetrics: boolean) {
    this.#registry.setContentType(
      openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    this.#update = prometheusMetrics.map((metric) =>
      metric.type === "histogram" ? this.#addHistogram(metric) : this.#addNumber(metric),
    );
    this.#addBuildInfo(build);
  }

  async show(readings: Readings): Promise<PrometheusAnswer> {
    for (const update of this.#update) update(readings);
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #addNumber({ type, name, help, label }: NumberMetric): (readings: Readings) => void {
    const configuration = { name, help, labelNames: label ? [label] : [], registers: [this.#registry] };
    const metric = type === "counter" ? new Counter(configuration) : new Gauge(configuration);
    return (readings) => {
      const reading = readings[name] as NumberReading;
      metric.reset();
      if (reading === null) metric.remove({});
      else if (typeof reading === "number") metric.inc(reading);
      else for (const [value, count] of Object.entries(reading)) metric.inc({ [label!]: value }, count);
    };
  }

  #addHistogram({ name, help }: HistogramMetric): (readings: Readings) => void {
    const metric = new CountedHistogram({ name, help, registers: [this.#registry] });
    return (readings) => metric.show(readings[name] as HistogramReading);
  }

  #addBuildInfo({ version, bunVersion }: BuildFacts): void {
    const labels = { version, bun_version: bunVersion };
    new Gauge({
      name: "fanfare_build_info",
      help: "Always 1; the labels say what runs",
      labelNames: Object.keys(labels),
      registers: [this.#registry],
    }).set(labels, 1);
  }
}
