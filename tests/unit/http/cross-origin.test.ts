import { describe, expect, test } from "bun:test";
import { CrossOrigin } from "../../../src/http/cross-origin.ts";

const listedOrigin = "https://app.example";

function answerHeaders(listed: string[], origin: string | null): Headers {
  const headers = new Headers();
  new CrossOrigin(listed, { listed: listed, ownHost: true }).addHeaders(headers, origin);
  return headers;
}

describe("what a page of another origin may read", () => {
  test("nothing where none is listed, and no cache is told to tell origins apart", () => {
    const headers = answerHeaders([], listedOrigin);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("vary")).toBeNull();
  });

  test("all, if it is listed", () => {
    const headers = answerHeaders([listedOrigin], listedOrigin);
    expect(headers.get("access-control-allow-origin")).toBe(listedOrigin);
    expect(headers.get("vary")).toBe("Origin");
  });

  test("nothing, if another one is listed; caches tell them apart", () => {
    for (const origin of ["https://evil.example", "null", `${listedOrigin}.evil.example`, null]) {
      const headers = answerHeaders([listedOrigin], origin);
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("vary")).toBe("Origin");
    }
  });

  test("all, where every origin is listed; its name is not repeated", () => {
    expect(answerHeaders(["*"], "https://any.example").get("access-control-allow-origin")).toBe("*");
  });
});

describe("preflights", () => {
  const preflight = new Request("http://host/publish", {
    method: "OPTIONS",
    headers: { "access-control-request-method": "POST" },
  });

  test("are granted to listed origins", () => {
    const headers = new CrossOrigin([listedOrigin], {
      listed: [listedOrigin],
      ownHost: true,
    }).preflightHeaders(preflight, listedOrigin, "POST");
    expect(headers["access-control-allow-methods"]).toBe("POST");
    expect(headers["access-control-allow-headers"]).toContain("Content-Type");
  });

  test("are not granted to others, nor to what is no preflight", () => {
    const crossOrigin = new CrossOrigin([listedOrigin], { listed: [listedOrigin], ownHost: true });
    expect(crossOrigin.preflightHeaders(preflight, "https://evil.example", "POST")).toEqual({});
    expect(crossOrigin.preflightHeaders(preflight, null, "POST")).toEqual({});
    expect(crossOrigin.preflightHeaders(new Request("http://host/"), listedOrigin, "POST")).toEqual({});
  });
});
