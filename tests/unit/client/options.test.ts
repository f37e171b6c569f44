import { describe, expect, test } from "bun:test";
import { FanfareError } from "../../../src/client/errors.ts";
import { resolveOptions } from "../../../src/client/options.ts";

const addressesOf = (url: string) => {
  const { websocketUrl, httpUrl } = resolveOptions({ url });
  return [websocketUrl.href, httpUrl];
};

describe("addresses", () => {
  test.each([
    ["ws://host:8000/ws", "ws://host:8000/ws", "http://host:8000"],
    ["wss://host/ws", "wss://host/ws", "https://host"],
    ["http://host:8000", "ws://host:8000/ws", "http://host:8000"],
    ["https://host/", "wss://host/ws", "https://host"],
    ["wss://host/push/ws?tenant=1#x", "wss://host/push/ws?tenant=1", "https://host/push"],
  ])("%s", (url, websocketUrl, httpUrl) => {
    expect(addressesOf(url)).toEqual([websocketUrl, httpUrl]);
  });

  test("the HTTP side may be somewhere else", () => {
    expect(resolveOptions({ url: "ws://host/ws", httpUrl: "http://other/api/" }).httpUrl).toBe(
      "http://other/api",
    );
  });

  test("what is no address is refused", () => {
    expect(() => resolveOptions({})).toThrow("url: must be given");
    expect(() => resolveOptions({ url: "::" })).toThrow("not an address");
    expect(() => resolveOptions({ url: "ftp://host" })).toThrow("ftp: is not supported");
  });
});

describe("limits", () => {
  test.each(["minDelayMs", "queueMax", "pongTimeoutMs", "publishTimeoutMs"] as const)(
    "%s must be above 0",
    (name) => {
      for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => resolveOptions({ url: "ws://host", [name]: value })).toThrow(FanfareError);
      }
    },
  );

  test("a publish ends while its key is still remembered", () => {
    expect(() => resolveOptions({ url: "ws://host", publishTimeoutMs: 300_000 })).toThrow("at most 240000");
  });

  test("the widest delay is never below the first", () => {
    expect(resolveOptions({ url: "ws://host", minDelayMs: 50_000 }).maxDelayMs).toBe(50_000);
  });
});

test("transports are taken in the order given, each once", () => {
  const { transports } = resolveOptions({ url: "ws://host", transports: ["sse", "websocket", "sse"] });
  expect(transports).toEqual(["sse", "websocket"]);
});
