import { byId, element, reconcile } from "../dom.ts";
import { Sparkline } from "./chart.ts";
import { shortNumber } from "./curve.ts";
import { arrange, type Column, columns, nextOrder, type Order, type TopicRow } from "./table-order.ts";

const rowsMax = 200;

const headings: Readonly<Record<Column, string>> = {
  topic: "Topic",
  subscribers: "Subscribers",
  offset: "Top offset",
  rate: "Rate /s",
};

interface DrawnRow {
  readonly element: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly cells: Readonly<Record<Exclude<Column, "topic">, HTMLElement>>;
  readonly sparkline: Sparkline;
}

/** The topics of the server, to sort, filter and pick from. At most 200 rows are drawn. */
export class TopicTable {
  readonly #onPick: (topic: string) => void;
  readonly #seriesOf: (topic: string) => readonly (number | null)[];
  readonly #sparklineCapacity: number;
  readonly #body = element("tbody");
  readonly #rest = element("p", { class: "hint" });
  readonly #count = byId("topic-count", HTMLElement);
  readonly #filter = byId("topic-filter", HTMLInputElement);
  readonly #headings = new Map<Column, HTMLTableCellElement>();
  #drawn = new Map<string, DrawnRow>();
  #rows: readonly TopicRow[] = [];
  #total = 0;
  #picked: string | null = null;
  #order: Order = { column: "topic", descending: false };

  constructor(options: {
    readonly onPick: (topic: string) => void;
    readonly seriesOf: (topic: string) => readonly (number | null)[];
    readonly sparklineCapacity: number;
  }) {
    this.#onPick = options.onPick;
    this.#seriesOf = options.seriesOf;
    this.#sparklineCapacity = options.sparklineCapacity;
    const head = element("tr", {}, ...columns.map((column) => this.#heading(column)));
    head.append(element("th", { class: "sparkline-cell", scope: "col" }, "Last minute"));
    const table = element(
      "table",
      {},
      element("caption", { class: "visually-hidden" }, "Topics of this server"),
      element("thead", {}, head),
      this.#body,
    );
    byId("topic-table", HTMLElement).append(table, this.#rest);
    this.#filter.addEventListener("input", () => this.#draw());
    this.#draw();
  }

  get filter(): string {
    return this.#filter.value;
  }

  /** `total` counts those too that the server did not list. */
  show(rows: readonly TopicRow[], total: number): void {
    this.#rows = rows;
    this.#total = total;
    this.#draw();
  }

  mark(topic: string | null): void {
    this.#picked = topic;
    this.#draw();
  }

  /** Puts the focus on the topic's row, else on the filter. */
  focus(topic: string): void {
    (this.#drawn.get(topic)?.button ?? this.#filter).focus();
  }

  #heading(column: Column): HTMLTableCellElement {
    const button = element("button", { type: "button" }, headings[column]);
    button.addEventListener("click", () => {
      this.#order = nextOrder(this.#order, column);
      this.#draw();
    });
    const cell = element("th", { scope: "col", class: column }, button);
    this.#headings.set(column, cell);
    return cell;
  }

  #draw(): void {
    for (const [column, cell] of this.#headings) {
      const direction = this.#order.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", column === this.#order.column ? direction : "none");
    }
    const rows = arrange(this.#rows, this.#filter.value, this.#order);
    const drawn = new Map<string, DrawnRow>();
    for (const row of rows.slice(0, rowsMax)) {
      const shown = this.#drawn.get(row.topic) ?? this.#create(row.topic);
      this.#fill(shown, row);
      drawn.set(row.topic, shown);
    }
    this.#drawn = drawn;
    reconcile(
      this.#body,
      [...drawn.values()].map((row) => row.element),
    );
    this.#count.textContent = this.#total.toLocaleString("en");
    this.#rest.textContent = hintFor(rows.length, this.#rows.length, this.#total);
  }

  #create(topic: string): DrawnRow {
    const button = element("button", { type: "button", class: "topic-name" }, topic);
    button.addEventListener("click", () => this.#onPick(topic));
    const cells = { subscribers: element("td"), offset: element("td"), rate: element("td") };
    const sparkline = new Sparkline(this.#sparklineCapacity);
    const row = element(
      "tr",
      {},
      element("th", { scope: "row" }, button),
      cells.subscribers,
      cells.offset,
      cells.rate,
      element("td", { class: "sparkline-cell" }, sparkline.element),
    );
    return { element: row, button, cells, sparkline };
  }

  #fill({ element: tableRow, button, cells, sparkline }: DrawnRow, row: TopicRow): void {
    setText(cells.subscribers, row.subscribers.toLocaleString("en"));
    setText(cells.offset, row.offset.toLocaleString("en"));
    setText(cells.rate, row.rate === null ? "–" : shortNumber(row.rate));
    cells.rate.classList.toggle("active", (row.rate ?? 0) > 0);
    sparkline.show(this.#seriesOf(row.topic));
    const isPicked = row.topic === this.#picked;
    tableRow.classList.toggle("picked", isPicked);
    button.setAttribute("aria-pressed", String(isPicked));
  }
}

function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

function hintFor(matching: number, listed: number, total: number): string {
  if (total === 0) return "No topics yet. The first publication or subscription makes one.";
  const unlisted = total > listed ? "There are more than the server lists: filter by how a name begins." : "";
  if (matching === 0) return unlisted || "No topic has that in its name.";
  if (matching > rowsMax) return `${(matching - rowsMax).toLocaleString("en")} more: filter to see them.`;
  return unlisted;
}
