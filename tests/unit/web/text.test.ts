import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatData, linkSegments } from "../../../src/web/page/text.ts";

const addresses = (text: string) => linkSegments(text).flatMap(({ href }) => href ?? []);

describe("links", () => {
  test("http and https addresses, without the punctuation around them", () => {
    expect(linkSegments("See https://example.com/a?b=c#d, or (http://example.org).")).toEqual([
      { text: "See " },
      { text: "https://example.com/a?b=c#d", href: "https://example.com/a?b=c#d" },
      { text: ", or (" },
      { text: "http://example.org", href: "http://example.org/" },
      { text: ")." },
    ]);
  });

  test("a bracket belongs to an address that opened it", () => {
    expect(linkSegments("(https://en.wikipedia.org/wiki/Fanfare_(music))")[1]?.text).toBe(
      "https://en.wikipedia.org/wiki/Fanfare_(music)",
    );
  });

  test("nothing else is one", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://example.com",
      "https://",
      "example.com",
      "https://[not-an-address",
      // A name and password before the host are there to mislead.
      "https://bank.example@evil.example/",
    ]) {
      expect(addresses(text)).toEqual([]);
    }
  });

  test("no text is lost or changed, and every address is http or https", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.constantFrom("https://a.b/(", ")", ".", "javascript:"),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join("");
        const segments = linkSegments(text);
        expect(segments.map((segment) => segment.text).join("")).toBe(text);
        for (const { href } of segments) {
          if (href !== undefined) expect(href).toMatch(/^https?:\/\//);
        }
      }),
    );
  });
});

describe("data", () => {
  test("stands on one line if it is short", () => {
    expect(formatData({ a: 1, b: ["x\n y"] })).toBe('{ "a": 1, "b": [ "x\\n y" ] }');
    expect(formatData(null)).toBe("null");
  });

  test("is laid out if it is long, and cut if it is too long", () => {
    const long = { text: "x".repeat(100) };
    expect(formatData(long)).toBe(JSON.stringify(long, null, 2));
    expect(formatData(long, 20)).toBe(`${JSON.stringify(long, null, 2).slice(0, 20)}\n…`);
  });
});
