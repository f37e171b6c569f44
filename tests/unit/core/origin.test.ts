import { describe, expect, test } from "bun:test";
import { allowedOriginsOf, isOriginAllowed } from "../../../src/core/origin.ts";

describe("origins", () => {
  test.each([
    ["no browser", null, "host:8000", [], true],
    ["no browser, no host", null, null, [], true],
    ["the same host and port", "http://host:8000", "host:8000", [], true],
    ["the same host behind TLS", "https://example.com", "example.com", [], true],
    ["a host in capitals", "https://example.com", "EXAMPLE.com", [], true],
    ["an IPv6 host", "http://[::1]:8000", "[::1]:8000", [], true],
    ["another host", "http://evil.example", "host:8000", [], false],
    ["another port", "http://host:8001", "host:8000", [], false],
    ["a longer name with the same end", "http://nothost:8000", "host:8000", [], false],
    ["a longer name with the same start", "http://host:8000.evil.example", "host:8000", [], false],
    ["no host to compare with", "http://host:8000", null, [], false],
    ["an opaque origin", "null", "host:8000", [], false],
    ["something that is no URL", "evil", "evil", [], false],
    ["listed", "https://app.example", "host:8000", ["https://app.example"], true],
    ["listed with another scheme", "http://app.example", "host:8000", ["https://app.example"], false],
    ["listed with another port", "https://app.example:1", "host:8000", ["https://app.example"], false],
    ["everyone", "https://anything.example", "host:8000", ["*"], true],
    ["everyone, an opaque origin", "null", "host:8000", ["*"], true],
  ])("%s", (_, origin, host, listed, allowed) => {
    expect(isOriginAllowed(origin, host, { listed, ownHost: true })).toBe(allowed);
  });

  test("where a list is exact, the own host has to be on it, whatever name it is given", () => {
    const exactly = allowedOriginsOf({ allowedOrigins: ["https://a.example"], corsOrigins: ["*"] });
    expect(isOriginAllowed("https://a.example", "b.example", exactly)).toBe(true);
    expect(isOriginAllowed("http://rebound.example", "rebound.example", exactly)).toBe(false);
    expect(isOriginAllowed("https://b.example", null, exactly)).toBe(false);
    expect(isOriginAllowed(null, "b.example", exactly)).toBe(true);
  });

  test("without such a list, those that may read across origins may connect too", () => {
    const allowed = allowedOriginsOf({ allowedOrigins: [], corsOrigins: ["https://a.example"] });
    expect(isOriginAllowed("https://a.example", "b.example", allowed)).toBe(true);
    expect(isOriginAllowed("https://b.example", "b.example", allowed)).toBe(true);
    expect(isOriginAllowed("https://c.example", "b.example", allowed)).toBe(false);
  });
});
