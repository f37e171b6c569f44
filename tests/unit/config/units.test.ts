import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "../../../src/config/units.ts";

describe("durations", () => {
  test.each([
    ["30", 30_000],
    ["0", 0],
    ["0.5", 500],
    [".25", 250],
    ["1.001", 1001],
    ["500ms", 500],
    ["500 ms", 500],
    ["10s", 10_000],
    ["10 sec", 10_000],
    ["1 second", 1000],
    ["2m", 120_000],
    ["30 min", 1_800_000],
    ["1.5 hours", 5_400_000],
    ["12 H", 43_200_000],
    ["30 days", 2_592_000_000],
    ["1 Day", 86_400_000],
    ["2 weeks", 1_209_600_000],
  ])("%s is %d ms", (text, durationMs) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: durationMs });
  });

  test.each([
    ["soon", "not a duration"],
    ["-5", "not a duration"],
    ["1e3", "not a duration"],
    ["5 s 3 ms", "not a duration"],
    ["", "not a duration"],
    ["5 fortnights", '"fortnights" is not a unit of a duration'],
    ["5 MB", '"MB" is not a unit of a duration'],
    ["0.0001", "less than a millisecond, the smallest step"],
    ["99999999999999999 days", "too large a number"],
  ])("%s is refused: %s", (text, problem) => {
    expect(parseDuration(text)).toEqual({ ok: false, problem });
  });

  test.each([
    [0, "0"],
    [10, "10 ms"],
    [3000, "3 s"],
    [1_800_000, "1800 s"],
    [86_400_000, "1 day"],
    [2_592_000_000, "30 days"],
  ])("%d ms is written %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  test("what is written is read back to the same", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1000, 86_400_000), (count, factor) => {
        const durationMs = (count % 1_000_000) * factor;
        expect(parseDuration(formatDuration(durationMs))).toEqual({ ok: true, value: durationMs });
      }),
    );
  });
});

describe("sizes", () => {
  test.each([
    ["65536", 65_536],
    ["0", 0],
    ["1 byte", 1],
    ["12 B", 12],
    ["100 MB", 100_000_000],
    ["100mb", 100_000_000],
    ["4MiB", 4_194_304],
    ["64KiB", 65_536],
    ["64 kib", 65_536],
    ["1.5 KiB", 1536],
    ["2 GB", 2_000_000_000],
    ["1TiB", 1_099_511_627_776],
  ])("%s is %d bytes", (text, sizeBytes) => {
    expect(parseBytes(text)).toEqual({ ok: true, value: sizeBytes });
  });

  test.each([
    ["large", "not a size"],
    ["-1", "not a size"],
    ["4 M", '"M" is not a unit of a size'],
    ["10 s", '"s" is not a unit of a size'],
    ["0.2", "less than a byte, the smallest step"],
    ["9999999999 TiB", "too large a number"],
  ])("%s is refused: %s", (text, problem) => {
    expect(parseBytes(text)).toEqual({ ok: false, problem });
  });

  test.each([
    [0, "0"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [65_536, "64 KiB"],
    [4_194_304, "4 MiB"],
    [100_000_000, "100 MB"],
  ])("%d is written %s", (sizeBytes, text) => {
    expect(formatBytes(sizeBytes)).toBe(text);
  });

  test("what is written is read back to the same", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1000, 1024, 1024 ** 2, 1000 ** 3), (count, factor) => {
        const sizeBytes = (count % 100_000) * factor;
        expect(parseBytes(formatBytes(sizeBytes))).toEqual({ ok: true, value: sizeBytes });
      }),
    );
  });

  test("no text is read as anything but whole bytes, or a reason", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseBytes(text);
        if (parsed.ok) expect(Number.isSafeInteger(parsed.value) && parsed.value >= 0).toBe(true);
        else expect(parsed.problem).not.toBe("");
      }),
    );
  });
});
