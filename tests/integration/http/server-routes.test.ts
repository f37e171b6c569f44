import { afterAll, describe, expect, test } from "bun:test";
import { version } from "../../../src/config/index.ts";
import { Failure } from "../../../src/core/failure.ts";
import { type ApplicationServer, startApplication } from "./support/application-server.ts";
import { useOwnApplication } from "./support/own-application.ts";

const server = startApplication();
afterAll(() => server.stop());
const start = useOwnApplication();

async function json(from: ApplicationServer, path: string): Promise<Record<string, unknown>> {
  return (await (await from.fetch(path)).json()) as Record<string, unknown>;
}

describe("GET /health", () => {
  test("says that the process is alive, and where the cache is", async () => {
    expect(await json(server, "/health")).toMatchObject({
      status: "healthy",
      cache_status: "fallback",
      connected_websockets: 3,
      connected_event_streams: 2,
      uptime_seconds: expect.any(Number),
      node: "node-1",
      version: "1.2.3",
    });
  });

  test.each([
    ["redis", true, "connected"],
    ["redis", false, "fallback"],
    ["memory", true, "fallback"],
  ] as const)(
    "with a broker of kind %s, connected: %s, the cache is %s",
    async (kind, isConnected, cache) => {
      const other = start({ broker: { kind, isConnected } });
      expect(await json(other, "/health")).toMatchObject({ cache_status: cache });
    },
  );

  test("goes on while the broker cannot say what is recent; /messages says why", async () => {
    const broken = start({ broker: { kept: async () => new Failure("unavailable", "No broker.") } });
    expect(await json(broken, "/health")).toMatchObject({
      status: "healthy",
      recent_notifications_count: 0,
    });
    const answer = await broken.fetch("/messages");
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: { code: "unavailable", message: "No broker." } },
    ]);
  });

  test("goes on while draining", async () => {
    const draining = start({});
    draining.drainState = "draining";
    expect(await json(draining, "/health")).toMatchObject({ status: "healthy" });
  });
});

describe("GET /ready", () => {
  test("ready", async () => {
    const answer = await server.fetch("/ready");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ status: "ready" });
  });

  test("draining", async () => {
    const draining = start({});
    draining.drainState = "draining";
    const answer = await draining.fetch("/ready");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: "draining" });
  });

  test("not while the broker does not answer", async () => {
    const broken = start({ broker: { check: async () => new Failure("unavailable", "No broker.") } });
    const answer = await broken.fetch("/ready");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: "unavailable", broker: "memory", message: "No broker." });
  });
});

describe("settings that switch routes off", () => {
  test("HEALTH_CHECK_ENABLED", async () => {
    const off = start({ config: { healthCheckEnabled: false } });
    expect((await off.fetch("/health")).status).toBe(404);
    expect((await off.fetch("/ready")).status).toBe(200);
  });

  test("METRICS_ENABLED", async () => {
    const off = start({ config: { metricsEnabled: false } });
    expect((await off.fetch("/metrics")).status).toBe(404);
    expect((await off.fetch("/metrics/prometheus")).status).toBe(404);
    expect((await off.fetch("/status")).status).toBe(200);
  });
});

describe("GET /status", () => {
  test("has everything of the metrics, and what this node is", async () => {
    const [status, metrics] = [await json(server, "/status"), await json(server, "/metrics")];
    for (const name of Object.keys(metrics)) expect(status).toHaveProperty(name);
    await server.post("/publish", { topic: "t", message: "x" });
    expect(await json(server, "/status")).toMatchObject({
      node: "node-1",
      version: "1.2.3",
      pid: process.pid,
      started_at: expect.any(Number),
      state: "ready",
      connected_users: 0,
      broker: { kind: "memory", topics: 1, history_bytes: expect.any(Number), evicted_topics: 0 },
    });
  });

  test("says that the node is draining", async () => {
    const draining = start({});
    draining.drainState = "draining";
    expect(await json(draining, "/status")).toMatchObject({ state: "draining" });
  });
});

test("GET /nodes lists this process", async () => {
  const leave = [server.subscribe("news"), server.subscribe("notifications")];
  const node = {
    node: "node-1",
    version,
    pid: process.pid,
    started_at: expect.any(Number),
    uptime_seconds: expect.any(Number),
    connections: { websocket: 0, sse: 0 },
    subscriptions: 2,
    notification_readers: 1,
    draining: false,
  };
  expect(await json(server, "/nodes")).toEqual({ nodes: [node] });
  for (const run of leave) run();
});

describe("GET /metrics", () => {
  const metrics = (path: string, accept?: string) =>
    server.fetch(path, accept ? { headers: { accept } } : {});

  test("JSON, unless a format of Prometheus' is ranked above it", async () => {
    for (const accept of [undefined, "*/*", "application/json, text/plain", "text/html"]) {
      const answer = await metrics("/metrics", accept);
      expect(answer.headers.get("content-type")).toStartWith("application/json");
      expect(answer.headers.get("vary")).toContain("Accept");
      expect(await answer.json()).toMatchObject({
        active_connections: expect.any(Number),
        messages_received: expect.any(Number),
        uptime_seconds: expect.any(Number),
      });
    }
  });

  test("Prometheus' text for its scrapers", async () => {
    const plain = await metrics("/metrics", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
    expect(plain.headers.get("content-type")).toStartWith("text/plain");
    expect(await plain.text()).toContain("# TYPE fanfare_");
    const open = await metrics("/metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    expect(open.headers.get("content-type")).toStartWith("application/openmetrics-text");
    expect(await open.text()).toEndWith("# EOF\n");
  });

  test("at an address of their own too, whatever is accepted", async () => {
    for (const accept of [undefined, "application/json"]) {
      const answer = await metrics("/metrics/prometheus", accept);
      expect(answer.headers.get("content-type")).toStartWith("text/plain");
    }
  });

  test("count requests, publications and errors by code", async () => {
    const fresh = start({});
    await fresh.post("/publish", { topic: "t", message: "x" });
    await fresh.post("/publish", {});
    await fresh.fetch("/nowhere");
    expect(await json(fresh, "/metrics")).toMatchObject({
      requests_received: 4,
      publications: { received: { rest: 1 } },
      errors: { invalid: 1, not_found: 1 },
    });
  });
});

describe("GET /events", () => {
  test("is handed to the transport, as Bun gave it", async () => {
    const seen: Request[] = [];
    const events = start({
      context: {
        openEventStream(request, bunServer) {
          seen.push(request);
          bunServer.timeout(request, 0);
          return new Response("retry: 1\n\n", {
            headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" },
          });
        },
      },
    });
    const answer = await events.fetch("/events?topic=a&topic=b");
    expect(await answer.text()).toBe("retry: 1\n\n");
    expect(answer.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(seen.map(({ url }) => url)).toEqual([`${events.url}/events?topic=a&topic=b`]);
  });

  test("HEAD opens no stream", async () => {
    const events = start({
      context: {
        openEventStream() {
          throw new Error("opened");
        },
      },
    });
    const answer = await events.fetch("/events?topic=a", { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
  });
});
