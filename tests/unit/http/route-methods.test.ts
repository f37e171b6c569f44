import { expect, test } from "bun:test";
import { RouteMethods } from "../../../src/http/route-methods.ts";

const methods = new RouteMethods([
  { path: "/", method: "GET" },
  { path: "/topics/:topic", method: "GET" },
  { path: "/topics/:topic/history", method: "GET" },
  { path: "/topics/:topic/history", method: "DELETE" },
  { path: "/publish", method: "POST" },
  { path: "/asyncapi.json", method: "GET" },
]);

test("names the methods of a path, HEAD with GET and OPTIONS always", () => {
  expect(methods.allowed("/publish")).toBe("POST, OPTIONS");
  expect(methods.allowed("/topics/a")).toBe("GET, HEAD, OPTIONS");
  expect(methods.allowed("/topics/user:a|b@c/history")).toBe("GET, HEAD, DELETE, OPTIONS");
  expect(methods.allowed("/")).toBe("GET, HEAD, OPTIONS");
});

test("ignores one slash at the end", () => {
  expect(methods.allowed("/publish/")).toBe("POST, OPTIONS");
  expect(methods.allowed("/publish//")).toBeNull();
});

test("knows no other path", () => {
  expect(methods.allowed("/topics")).toBeNull();
  expect(methods.allowed("/topics/a/b")).toBeNull();
  expect(methods.allowed("/asyncapiXjson")).toBeNull();
});
