import { element, svgElement } from "../dom.ts";
import { drawCurve, shortNumber } from "./curve.ts";

const viewWidth = 300;
const viewHeight = 80;

/** A figure with the value of now, and the curve of the last `capacity` seconds. */
export class Chart {
  readonly element: HTMLElement;
  readonly #label: string;
  readonly #capacity: number;
  readonly #value = element("span", { class: "chart-value" }, "–");
  readonly #top = element("span", { class: "chart-top" });
  readonly #hint = element("span", { class: "chart-hint" });
  readonly #line = svgElement("path", { class: "chart-line", "vector-effect": "non-scaling-stroke" });
  readonly #area = svgElement("path", { class: "chart-area" });
  readonly #cursor = svgElement("path", { class: "chart-cursor", "vector-effect": "non-scaling-stroke" });
  readonly #svg: SVGSVGElement;
  #samples: readonly (number | null)[] = [];
  /** The sample under the pointer, counted from the newest. */
  #pointedAt: number | null = null;

  constructor(label: string, tone: string, capacity: number) {
    this.#label = label;
    this.#capacity = capacity;
    this.#svg = svgElement("svg", {
      viewBox: `0 0 ${viewWidth} ${viewHeight}`,
      preserveAspectRatio: "none",
      role: "img",
    });
    this.#svg.append(this.#area, this.#line, this.#cursor);
    const plot = element("div", { class: "chart-plot" }, this.#svg, this.#top);
    plot.addEventListener("pointermove", (event) => this.#point(event, plot));
    plot.addEventListener("pointerleave", () => {
      this.#pointedAt = null;
      this.#draw();
    });
    this.element = element(
      "figure",
      { class: `chart ${tone}` },
      element("figcaption", {}, element("span", { class: "chart-label" }, label), this.#value, this.#hint),
      plot,
    );
    this.#draw();
  }

  show(samples: readonly (number | null)[]): void {
    this.#samples = samples;
    this.#draw();
  }

  #point(event: PointerEvent, plot: HTMLElement): void {
    const { left, width } = plot.getBoundingClientRect();
    const fromRight = 1 - (event.clientX - left) / width;
    const index = Math.round(fromRight * (this.#capacity - 1));
    this.#pointedAt = index >= 0 && index < this.#samples.length ? index : null;
    this.#draw();
  }

  #draw(): void {
    const { line, area, top } = drawCurve(this.#samples, this.#capacity, viewWidth, viewHeight);
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", area);
    const pointed = this.#pointedAt;
    const shown = this.#samples.at(-1 - (pointed ?? 0)) ?? null;
    this.#value.textContent = shown === null ? "–" : shortNumber(shown);
    this.#hint.textContent = pointed === null || pointed === 0 ? "" : `${pointed} s ago`;
    this.#top.textContent = shortNumber(top);
    const x = viewWidth - ((pointed ?? 0) * viewWidth) / (this.#capacity - 1);
    this.#cursor.setAttribute("d", pointed === null ? "" : `M${x} 0V${viewHeight}`);
    const latest = this.#samples.at(-1) ?? null;
    const highest = Math.max(0, ...this.#samples.map((sample) => sample ?? 0));
    this.#svg.setAttribute(
      "aria-label",
      latest === null
        ? `${this.#label}: not known`
        : `${this.#label}: ${shortNumber(latest)} now, at most ${shortNumber(highest)} in the time shown`,
    );
  }
}

/** A sparkline has no scale to read: its shape may fill its height. */
const atLeastOne = (highest: number) => Math.max(1, highest);

/** A row's small curve, for the eye alone. */
export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #capacity: number;
  readonly #path = svgElement("path", { class: "chart-line", "vector-effect": "non-scaling-stroke" });

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.element = svgElement("svg", {
      class: "sparkline",
      viewBox: "0 0 60 16",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.element.append(this.#path);
  }

  show(samples: readonly (number | null)[]): void {
    this.#path.setAttribute("d", drawCurve(samples, this.#capacity, 60, 16, atLeastOne).line);
    this.element.classList.toggle("idle", !samples.some((sample) => sample !== null && sample > 0));
  }
}
