import { describe, expect, test } from "bun:test";
import { originalOf, pathOf, routable } from "../../../src/http/request-url.ts";

test("the path is found in every form that a URL comes in", () => {
  expect(pathOf("http://localhost:8000/topics/a?limit=1")).toBe("/topics/a");
  expect(pathOf("http://a/topics?x=/y")).toBe("/topics");
  expect(pathOf("/topics?limit=1")).toBe("/topics");
  expect(pathOf("/")).toBe("/");
});

describe("requests that Elysia cannot route", () => {
  test("are given another host; path, query, method, headers and body stay", async () => {
    const request = new Request("http://a/publish?x=1", {
      method: "POST",
      body: "text",
      headers: { "x-one": "1" },
    });
    const copy = routable(request);
    expect(copy.url).toBe("http://localhost/publish?x=1");
    expect(copy.method).toBe("POST");
    expect(copy.headers.get("x-one")).toBe("1");
    expect(await copy.text()).toBe("text");
    expect(originalOf(copy)).toBe(request);
  });

  test("all others are left as they are", () => {
    const request = new Request("http://host/publish");
    expect(routable(request)).toBe(request);
    expect(originalOf(request)).toBe(request);
  });
});
