import { describe, expect, test } from "bun:test";
import { plainFields } from "../../../src/telemetry/log-fields.ts";

const plain = (value: unknown) => plainFields({ value }).value;

describe("secrets", () => {
  test("under a sensitive name, at any depth and in headers", () => {
    const headers = new Headers({ authorization: "Bearer abc", accept: "*/*" });
    const fields = plainFields({
      token: "abc",
      user: { password: ["a"], name: "x" },
      headers,
      list: [{ api_key: 1 }],
    });
    expect(fields).toEqual({
      token: "[redacted]",
      user: { password: "[redacted]", name: "x" },
      headers: { authorization: "[redacted]", accept: "*/*" },
      list: [{ api_key: "[redacted]" }],
    });
  });

  test("buried in text, in an error and its stack", () => {
    const text = JSON.stringify(
      plainFields({ url: "/ws?token=abc1", error: new Error("GET /ws?token=abc2") }),
    );
    expect(text).not.toContain("abc");
  });

  test("that are absent may be seen to be absent", () => {
    expect(plainFields({ token: null, cookie: undefined, password: false })).toEqual({
      token: null,
      cookie: undefined,
      password: false,
    });
  });
});

describe("errors", () => {
  test("keep type, message, code, stack and cause", () => {
    const cause = Object.assign(new RangeError("inner"), { code: "ENOENT" });
    const error = plain(new TypeError("outer", { cause })) as Record<string, unknown>;
    expect(error).toMatchObject({ type: "TypeError", message: "outer" });
    expect(error.stack).toContain("log-fields.test.ts");
    expect(error.cause).toMatchObject({ type: "RangeError", message: "inner", code: "ENOENT" });
  });

  test("of an aggregate are all kept", () => {
    const error = plain(new AggregateError([new Error("a"), "b"], "both")) as { errors: unknown[] };
    expect(error.errors).toEqual([expect.objectContaining({ message: "a" }), "b"]);
  });

  test("that cause each other end", () => {
    const error = new Error("a");
    error.cause = error;
    expect(plain(error)).toMatchObject({ message: "a", cause: "[circular]" });
  });
});

describe("what JSON cannot say", () => {
  const circular: Record<string, unknown> = { a: 1 };
  circular.self = circular;
  test.each([
    [12n, "12"],
    [Number.NaN, "NaN"],
    [() => 1, "[function]"],
    [Symbol("s"), "[symbol]"],
    [new Uint8Array(3), "[3 bytes]"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(Number.NaN), "[invalid date]"],
    [new URL("http://h/?token=abc"), "http://h/?token=[redacted]"],
    [new Set([1, 2]), [1, 2]],
    [new Map([["token", "abc"]]), { token: "[redacted]" }],
    [circular, { a: 1, self: "[circular]" }],
    [Object.create(null), {}],
  ])("%p", (value, expected) => expect(plain(value)).toEqual(expected as never));

  test("the same object twice is no cycle", () => {
    const shared = { a: 1 };
    expect(plain([shared, shared])).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test("a getter that throws does not throw out of the log", () => {
    const hostile = {
      get name(): string {
        throw new Error("no");
      },
    };
    expect(plainFields(hostile)).toEqual({ fields: "[unreadable]" });
  });
});

describe("bounds", () => {
  test("text", () => {
    expect(plain("x".repeat(10_000))).toBe(`${"x".repeat(8192)}… [1808 more characters]`);
  });

  test("entries", () => {
    expect((plain(new Array(1000).fill(0)) as unknown[]).length).toBe(101);
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, index]));
    expect(Object.keys(plain(wide) as object).length).toBe(101);
  });

  test("depth", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100; level++) deep = { deep };
    expect(JSON.stringify(plain(deep))).toContain("[too deep]");
    expect(JSON.stringify(plain(deep)).length).toBeLessThan(100);
  });
});

test("the secrets of an address are not written, however their names are encoded", () => {
  expect(plainFields({ url: "/ws?%74oken=abc&topics=a", request: { url: "/?api%5Fkey=abc" } })).toEqual({
    url: "/ws?%74oken=[redacted]&topics=a",
    request: { url: "/?api%5Fkey=[redacted]" },
  });
});
