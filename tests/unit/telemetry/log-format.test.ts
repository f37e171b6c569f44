import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { plainFields } from "../../../src/telemetry/log-fields.ts";
import { formatJson, formatText } from "../../../src/telemetry/log-format.ts";

const time = "2025-11-21T10:15:00.123Z";
const format = (record: object, colours = false) =>
  formatText(`${JSON.stringify({ level: "INFO", time, pid: 7, node: "n1", ...record })}\n`, colours);

test("time, level and message come first, the node and process last", () => {
  expect(format({ url: "http://127.0.0.1:8000", topics: ["a"], name: "two words", msg: "listening" })).toBe(
    `${time} INFO     listening url=http://127.0.0.1:8000 topics=["a"] name="two words" node=n1 pid=7\n`,
  );
});

test("colours only where asked for", () => {
  expect(format({ msg: "m" })).not.toContain("\u001b");
  expect(format({ msg: "m" }, true)).toContain("\u001b[32mINFO");
});

test("errors are followed by their frames, and those of their causes", () => {
  const { error } = plainFields({ error: new TypeError("outer", { cause: new RangeError("inner") }) });
  const lines = format({ error, msg: "failed" }).split("\n");
  expect(lines[0]).toContain('failed error="TypeError: outer"');
  expect(lines[1]).toMatch(/^ {4}at .*log-format\.test\.ts/);
  expect(lines).toContain("    caused by RangeError: inner");
});

describe("a value cannot forge a line", () => {
  const forged = `x\n${time} CRITICAL owned`;

  test("in message, name or value", () => {
    const text = format({ [forged]: forged, nested: { [forged]: forged }, msg: forged });
    expect(text.split("\n")).toHaveLength(2);
  });

  test("in an error's message", () => {
    const hostile = new Error(`${forged}\n    at forged (frame:1:1)`);
    const text = format({ error: plainFields({ error: hostile }).error, msg: "failed" });
    for (const line of text.split("\n").slice(1, -1)) expect(line).toMatch(/^ {4}at .*\.ts/);
    expect(text).not.toContain("\n    at forged");
  });

  test("terminal escapes and reordered text are written out", () => {
    const text = format({ value: "\u001b[2J\u009b31m\u202e\u2028\u007f\b", msg: "\u001b]0;title\u0007" });
    expect(text).toContain("\\u001b[2J\\u009b31m\\u202e\\u2028\\u007f");
    expect(text).toContain("\\u001b]0;title\\u0007");
  });

  test("whatever it is made of", () => {
    const text = fc.string({ unit: "binary" });
    const property = fc.property(text, text, fc.jsonValue(), (message, name, value) => {
      const line = format({
        [`f${name}`]: value,
        error: { type: name, message, stack: message },
        msg: message,
      });
      const [first, ...frames] = line.slice(0, -1).split("\n");
      expect(line.endsWith("\n")).toBe(true);
      expect(first).toStartWith(`${time} INFO `);
      for (const frame of frames) expect(frame).toStartWith("    ");
      expect(line.slice(0, -1).replaceAll("\n", "")).not.toMatch(
        /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u,
      );
    });
    fc.assert(property);
  });
});

describe("JSON lines", () => {
  test("have no character that drives a terminal or reorders text, and say the same", () => {
    const msg = "a\u009b31m b\u0085c\u2028d\u202ee\u2066f\u007fg é😀\n\u001b[31m";
    const line = `${JSON.stringify({ level: "INFO", msg })}\n`;
    const formatted = formatJson(line);
    expect(formatted).toEndWith("}\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
    expect(formatted.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066]/);
    expect(formatted).toContain("é😀");
    expect(JSON.parse(formatted)).toEqual({ level: "INFO", msg });
  });

  test("without them are left as they are", () => {
    const line = '{"level":"INFO","msg":"all is well"}\n';
    expect(formatJson(line)).toBe(line);
  });
});
