import { afterAll, describe, expect, test } from "bun:test";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

type Json = { [name: string]: Json };

async function specification(): Promise<Json> {
  return (await (await server.fetch("/docs/json")).json()) as Json;
}

describe("the OpenAPI document", () => {
  test("describes the routes of the API, and no files", async () => {
    const { paths } = await specification();
    const routes = Object.entries(paths!).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes).toEqual(
      expect.arrayContaining([
        "POST /publish",
        "POST /publish/batch",
        "POST /notify",
        "GET /topics",
        "GET /topics/{topic}",
        "GET /topics/{topic}/history",
        "DELETE /topics/{topic}/history",
        "GET /topics/{topic}/presence",
        "POST /users/{id}/disconnect",
        "GET /events",
        "GET /health",
        "GET /ready",
        "GET /status",
        "GET /metrics",
        "GET /metrics/prometheus",
        "GET /nodes",
        "GET /asyncapi.json",
        "GET /",
      ]),
    );
    expect(routes.filter((route) => /docs|assets|favicon/.test(route))).toEqual([]);
  });

  test("every operation has a summary, a tag that is described, and answers", async () => {
    const { paths, tags } = await specification();
    const described = (tags as unknown as { name: string }[]).map(({ name }) => name);
    for (const operation of Object.values(paths!).flatMap((methods) => Object.values(methods))) {
      expect(operation.summary as unknown).toBeString();
      expect(described).toContain((operation.tags as unknown as string[])[0]!);
      expect(Object.keys(operation.responses!).some((status) => status.startsWith("2"))).toBeTrue();
    }
  });

  test("bodies and parameters are described by what checks them", async () => {
    const { paths } = await specification();
    const { content } = paths!["/publish"]!.post!.requestBody!;
    expect(Object.keys(content!)).toEqual(["application/json"]);
    const { schema } = content!["application/json"]!;
    expect(schema!.properties!.key).toMatchObject({ type: "string", maxLength: 128 });
    const names = (operation: Json) =>
      (operation.parameters as unknown as { name: string }[]).map(({ name }) => name);
    const history = paths!["/topics/{topic}/history"]!.get!;
    expect(names(history)).toEqual(["topic", "since", "limit", "reverse"]);
    const [, , limit] = history.parameters as unknown as Json[];
    expect(limit!.schema).toEqual({ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as never);
    expect(names(paths!["/events"]!.get!)).toContain("Last-Event-ID");
  });

  test("says what an error looks like", async () => {
    const { paths } = await specification();
    expect(paths!["/publish"]!.post!.responses!["422"]!.content!["application/json"]!.schema).toMatchObject({
      properties: { error: { properties: { code: { enum: ["invalid"] } } } },
    });
  });
});

describe("the page at /docs", () => {
  test("names no other host", async () => {
    const html = await (await server.fetch("/docs")).text();
    expect(html).not.toMatch(/https?:|\/\/[a-z]/i);
    expect(html).toContain('src="/docs/api-reference-');
  });

  test("its script is ours, compressed, and kept for ever", async () => {
    const html = await (await server.fetch("/docs")).text();
    const path = /src="([^"]+)"/.exec(html)![1]!;
    const answer = await server.fetch(path, { headers: { "accept-encoding": "gzip" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const etag = answer.headers.get("etag")!;
    expect((await answer.text()).length).toBeGreaterThan(1_000_000);
    expect((await server.fetch(path, { headers: { "if-none-match": etag } })).status).toBe(304);
  });
});

test("GET /asyncapi.json", async () => {
  const answer = await server.fetch("/asyncapi.json");
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toMatchObject({
    asyncapi: "3.0.0",
    info: { version: "1.2.3" },
    channels: { websocket: { address: "/ws" }, events: { address: "/events" } },
  });
});
