import { expect, test } from "bun:test";
import { arrange, nextOrder, type TopicRow } from "../../../src/web/page/topics/table-order.ts";

const row = (topic: string, subscribers: number, rate: number | null = 0): TopicRow => ({
  topic,
  epoch: "e",
  offset: 0,
  subscribers,
  rate,
});
const rows = [row("b", 1, null), row("a", 1, 2), row("Ab", 3, 1)];
const names = (arranged: TopicRow[]) => arranged.map(({ topic }) => topic);

test("rows are ordered by a column, and by name among equals", () => {
  expect(names(arrange(rows, "", { column: "topic", descending: false }))).toEqual(["Ab", "a", "b"]);
  expect(names(arrange(rows, "", { column: "subscribers", descending: true }))).toEqual(["Ab", "a", "b"]);
  expect(names(arrange(rows, "", { column: "rate", descending: false }))).toEqual(["b", "Ab", "a"]);
});

test("the filter asks for a part of the name, in any case", () => {
  expect(names(arrange(rows, " B", { column: "topic", descending: false }))).toEqual(["Ab", "b"]);
});

test("a column's head turns its order around; another's starts anew", () => {
  const byTopic = { column: "topic", descending: false } as const;
  expect(nextOrder(byTopic, "topic")).toEqual({ column: "topic", descending: true });
  expect(nextOrder(byTopic, "rate")).toEqual({ column: "rate", descending: true });
});
