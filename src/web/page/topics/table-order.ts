import type { TopicSummary } from "./snapshot.ts";

export const columns = ["topic", "subscribers", "offset", "rate"] as const;
export type Column = (typeof columns)[number];

export interface TopicRow extends TopicSummary {
  /** Publications a second; null when not known. */
  readonly rate: number | null;
}

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** The rows whose topic has `filter` in its name, in the order wished for; the name decides among equals. */
export function arrange(rows: readonly TopicRow[], filter: string, order: Order): TopicRow[] {
  const wanted = filter.trim().toLowerCase();
  const direction = order.descending ? -1 : 1;
  return rows
    .filter(({ topic }) => topic.toLowerCase().includes(wanted))
    .sort((a, b) => direction * compare(a, b, order.column) || compareText(a.topic, b.topic));
}

/** What a click on a column's head makes of the order: numbers start with the largest, names with A. */
export function nextOrder(order: Order, column: Column): Order {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: column !== "topic" };
}

function compare(a: TopicRow, b: TopicRow, column: Column): number {
  if (column === "topic") return compareText(a.topic, b.topic);
  return (a[column] ?? -1) - (b[column] ?? -1);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
