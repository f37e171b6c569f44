import { expect, test } from "bun:test";
import { dayLabel, dayOf } from "../../../src/web/page/time.ts";

const at = (year: number, month: number, day: number, hour = 12) =>
  new Date(year, month - 1, day, hour).getTime();

test("days are the reader's own", () => {
  expect(dayOf(at(2025, 1, 2, 0))).toBe("2025-01-02");
  expect(dayOf(at(2025, 1, 2, 23))).toBe("2025-01-02");
});

test("a day is called by its distance, then by its name, then by its date", () => {
  const now = at(2025, 3, 1, 0);
  expect(dayLabel(at(2025, 3, 1, 23), now)).toBe("Today");
  expect(dayLabel(at(2025, 2, 28, 1), now)).toBe("Yesterday");
  expect(dayLabel(at(2025, 2, 27), now)).toContain("27 February");
  expect(dayLabel(at(2025, 2, 27), now)).not.toContain("2025");
  expect(dayLabel(at(2024, 12, 31), now)).toBe("31 December 2024");
});
