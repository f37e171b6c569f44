import { afterAll, describe, expect, test } from "bun:test";
import { errorCodes, errorTable } from "../../../src/core/errors.ts";
import { Failure } from "../../../src/core/failure.ts";
import { RawConnection } from "../../support/raw-connection.ts";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

describe("the one shape of errors", () => {
  for (const code of errorCodes) {
    test(`${code} is answered with ${errorTable[code].status}`, async () => {
      const failing = startApplication({ broker: { publish: () => new Failure(code, "Why.") } });
      const answer = await failing.post("/publish", { topic: "t", message: "x" });
      expect(answer.status).toBe(errorTable[code].status);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await answer.json()).toEqual({ error: { code, message: "Why." } });
      expect(failing.counters.errors.read()[code]).toBe(1);
      await failing.stop();
    });
  }

  test("no route", async () => {
    for (const path of ["/nowhere", "/topics/a/b/c", "/constructor", "/__proto__", "/docs/nothing"]) {
      const answer = await server.fetch(path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({
        error: { code: "not_found", message: "There is no such route." },
      });
    }
  });
});

describe("a fault of the server's own", () => {
  const fault = () => {
    throw new Error("password=hunter2");
  };
  const faults = startApplication({
    broker: { publish: fault, history: async () => fault(), presence: fault, check: fault },
    context: { openEventStream: fault, metrics: { toJson: fault, toPrometheus: fault } },
  });
  afterAll(() => faults.stop());

  test("says nothing of itself, and is logged", async () => {
    const requests: [string, RequestInit][] = [
      ["/publish", { method: "POST", body: '{"topic":"t","message":"x"}' }],
      ["/publish", { method: "POST", body: '{"topics":["t"],"message":"x"}' }],
      ["/publish/batch", { method: "POST", body: '[{"topic":"t","message":"x"}]' }],
      ["/notify?message=x", { method: "POST" }],
      ["/topics/t/history", {}],
      ["/topics/t/presence", {}],
      ["/events?topic=t", {}],
      ["/status", {}],
      ["/metrics", {}],
      ["/metrics/prometheus", {}],
      ["/health", {}],
      ["/ready", {}],
    ];
    for (const [path, init] of requests) {
      const answer = await faults.fetch(path, init);
      expect(answer.status).toBe(500);
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(await answer.json()).toEqual({
        error: { code: "internal", message: "The server failed; the reason is in its log." },
      });
    }
    expect(faults.logged).toHaveLength(requests.length);
    expect(faults.counters.errors.read().internal).toBe(requests.length);
    const [{ fields, message }] = faults.logged as [(typeof faults.logged)[number]];
    expect(message).toBe("a request failed");
    expect(fields).toMatchObject({ method: "POST", error: expect.any(Error) });
  });
});

describe("methods", () => {
  test("a known path with a method that it does not take", async () => {
    const cases: [string, string, string][] = [
      ["PUT", "/publish", "POST, OPTIONS"],
      ["GET", "/publish", "POST, OPTIONS"],
      ["GET", "/publish/", "POST, OPTIONS"],
      ["POST", "/topics/a/history", "GET, HEAD, DELETE, OPTIONS"],
      ["DELETE", "/topics/a", "GET, HEAD, OPTIONS"],
      ["PATCH", "/", "GET, HEAD, OPTIONS"],
    ];
    for (const [method, path, allow] of cases) {
      const answer = await server.fetch(path, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe(allow);
      expect(await answer.json()).toEqual({
        error: { code: "bad_request", message: `This address takes ${allow}.` },
      });
    }
  });

  test("HEAD is like GET without a body", async () => {
    await server.post("/publish", { topic: "head", message: "x" });
    for (const path of [
      "/",
      "/ready",
      "/topics",
      "/topics/head",
      "/topics/head/history",
      "/asyncapi.json",
      "/nowhere",
    ]) {
      const get = await server.fetch(path);
      const head = await server.fetch(path, { method: "HEAD" });
      expect(head.status).toBe(get.status);
      for (const name of ["content-type", "content-length", "cache-control", "vary"]) {
        expect(head.headers.get(name)).toBe(get.headers.get(name));
      }
      expect(await head.text()).toBe("");
    }
    expect((await server.fetch("/publish", { method: "HEAD" })).status).toBe(405);
  });

  test("OPTIONS tells the methods", async () => {
    const answer = await server.fetch("/topics/a/history", { method: "OPTIONS" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("allow")).toBe("GET, HEAD, DELETE, OPTIONS");
    expect(await answer.text()).toBe("");
    expect((await server.fetch("/nowhere", { method: "OPTIONS" })).status).toBe(404);
  });

  test("a slash at the end is ignored everywhere", async () => {
    for (const path of [
      "/topics/",
      "/topics/head/",
      "/topics/head/history/",
      "/ready/",
      "/docs/",
      "/health/",
    ]) {
      expect((await server.fetch(path)).status).toBe(200);
    }
    expect((await server.post("/publish/", { topic: "t", message: "x" })).status).toBe(200);
  });
});

describe("requests that name no proper host", () => {
  async function raw(request: string) {
    const connection = await RawConnection.connect({ hostname: "127.0.0.1", port: server.port });
    connection.write(request);
    const answer = await connection.takeHttpResponse();
    connection.destroy();
    return answer;
  }

  const hosts = ["a", "abc", "x:1", "", "ex/am?ple#", "user:pw@h", "[", "%"];
  for (const host of hosts) {
    test(`are routed all the same: ${JSON.stringify(host)}`, async () => {
      expect((await raw(`GET /ready HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(200);
      expect((await raw(`GET /topics?limit=x HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(422);
      expect((await raw(`GET /nowhere HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(404);
      const body = '{"topic":"hosts","message":"x"}';
      const head = `POST /publish HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n`;
      expect((await raw(head + body)).status).toBe(200);
      expect((await raw(`OPTIONS /publish HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(204);
      expect((await raw(`GET /events?topic=a HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(200);
    });
  }

  test("as health checks of HTTP/1.0 do", async () => {
    expect((await raw("GET /health HTTP/1.0\r\n\r\n")).status).toBe(200);
  });

  test("what only local callers may do works under a short host too", async () => {
    expect(
      (await raw("POST /users/bob/disconnect HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).status,
    ).toBe(200);
  });
});
