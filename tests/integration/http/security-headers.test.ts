import { afterAll, describe, expect, test } from "bun:test";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
const production = startApplication({ config: { hstsMaxAgeMs: 365 * 86_400_000 } });
afterAll(() => Promise.all([server.stop(), production.stop()]));

const requests: [string, RequestInit][] = [
  ["/", {}],
  ["/", { headers: { accept: "text/html" } }],
  ["/assets/page-0123.js", {}],
  ["/assets/page-0123.js", { headers: { "if-none-match": "*" } }],
  ["/publish", { method: "POST", body: '{"topic":"t","message":"x"}' }],
  ["/publish", { method: "POST", body: "{" }],
  ["/publish", { method: "OPTIONS" }],
  ["/publish", { method: "POST", headers: { origin: "https://evil.example" } }],
  ["/publish/batch", { method: "POST", body: '[{"topic":"t","message":"x"}]' }],
  ["/notify?message=x", { method: "POST" }],
  ["/topics", {}],
  ["/topics/t", {}],
  ["/topics/t/history", {}],
  ["/topics/t/presence", {}],
  ["/topics/t/history", { method: "DELETE" }],
  ["/users/a/disconnect", { method: "POST" }],
  ["/events?topic=a", {}],
  ["/events", { method: "HEAD" }],
  ["/health", {}],
  ["/ready", { method: "HEAD" }],
  ["/status", {}],
  ["/nodes", {}],
  ["/metrics", {}],
  ["/metrics/prometheus", {}],
  ["/asyncapi.json", {}],
  ["/docs", {}],
  ["/docs/json", {}],
  ["/nowhere", {}],
  ["/status", { method: "PUT" }],
];

for (const [path, init] of requests) {
  const { method = "GET", headers = {} } = init;
  test(`${method} ${path} ${JSON.stringify(headers)}`, async () => {
    const plain = (await server.fetch(path, init)).headers;
    expect(plain.get("x-content-type-options")).toBe("nosniff");
    expect(plain.get("x-frame-options")).toBe("DENY");
    expect(plain.get("referrer-policy")).toBe("no-referrer");
    expect(plain.get("permissions-policy")).toContain("camera=()");
    expect(plain.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(plain.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(plain.get("content-security-policy")).toContain("default-src 'none'");
    expect(plain.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(plain.get("cache-control")).not.toBeNull();
    expect(plain.has("server")).toBeFalse();
    expect(plain.has("x-powered-by")).toBeFalse();
    expect(plain.has("strict-transport-security")).toBeFalse();
    const strict = (await production.fetch(path, init)).headers;
    expect(strict.get("strict-transport-security")).toBe("max-age=31536000");
  });
}

describe("what may be kept", () => {
  test("answers of the API may not", async () => {
    for (const path of ["/topics", "/status", "/health", "/ready", "/docs/json", "/nowhere"]) {
      expect((await server.fetch(path)).headers.get("cache-control")).toBe("no-store");
    }
  });

  test("every page has a policy of its own", async () => {
    for (const path of ["/", "/docs"]) {
      const answer = await server.fetch(path, { headers: { accept: "text/html" } });
      expect(answer.headers.get("content-type")).toStartWith("text/html");
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    }
  });
});
