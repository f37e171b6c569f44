import { afterEach, expect, test } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { parseExposition } from "../../unit/telemetry/exposition.ts";
import { jsonOf, runCommand } from "./support/command.ts";

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(config: Partial<Config> = {}): Promise<string> {
  server = await startTestServer(config);
  return server.url;
}

async function metricsOf(url: string): Promise<Frame> {
  return await jsonOf("curl -s http://localhost:8000/metrics", url);
}

/** What Prometheus 3 sends. */
const prometheusAccept =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

test("health, as the README asks for it", async () => {
  const url = await start();
  const client = await WebSocketClient.welcomed(url);
  expect(await jsonOf("curl http://localhost:8000/health", url)).toMatchObject({
    status: "healthy",
    connected_websockets: 1,
    uptime_seconds: expect.any(Number),
  });
  await client.close();
});

test("a custom notification of the README reaches all clients, with its type and data", async () => {
  const url = await start();
  const clients = await Promise.all([WebSocketClient.welcomed(url), WebSocketClient.welcomed(url)]);
  const command = `curl -X POST http://localhost:8000/notify \\
  -H "Content-Type: application/json" \\
  -d '{
    "message": "Hello, WebSocket clients!",
    "type": "alert",
    "data": {"priority": "high"}
  }'`;
  expect(await jsonOf(command, url)).toEqual({
    status: "success",
    message: "Notification sent to 2 clients",
  });
  for (const client of clients) {
    expect(await client.next("alert")).toEqual({
      type: "alert",
      topic: "notifications",
      offset: 1,
      ts: expect.any(Number),
      message: "Hello, WebSocket clients!",
      data: { priority: "high" },
    });
  }
});

test("of a body and a query the body counts; with neither there is nothing to send", async () => {
  const url = await start();
  const client = await WebSocketClient.welcomed(url);
  await runCommand(
    `curl -s -X POST 'http://localhost:8000/notify?message=query' -d '{"message":"body"}'`,
    url,
  );
  expect((await client.next("notification")).message).toBe("body");
  await runCommand("curl -s -X POST 'http://localhost:8000/notify?message=query'", url);
  expect((await client.next("notification")).message).toBe("query");
  const status = await runCommand(
    "curl -s -o /dev/null -w '%{http_code}' -X POST http://localhost:8000/notify",
    url,
  );
  expect(status.output).toBe("422");
});

test("input is validated, and errors say nothing of the server's inside", async () => {
  const url = await start();
  for (const [body, error] of [
    ['{"message": 7}', { code: "invalid", message: "message: must be string" }],
    ['{"message": "a", "type": "no blanks"}', { code: "invalid", message: expect.stringMatching(/^type: /) }],
    ['{"message": ', { code: "bad_request", message: expect.any(String) }],
  ] as const) {
    expect(await jsonOf(`curl -s -X POST http://localhost:8000/notify -d '${body}'`, url)).toEqual({ error });
  }
});

test("/metrics has the key metrics, and they count", async () => {
  const url = await start();
  const before = await metricsOf(url);
  expect(before).toMatchObject({ active_connections: 0, total_connections: 0, messages_sent: 0 });
  expect(before.connection_duration).toMatchObject({ count: 0, avg: 0, p50: 0, p95: 0, max: 0 });

  const [staying, leaving] = [await WebSocketClient.welcomed(url), await WebSocketClient.welcomed(url)];
  staying.send("hello");
  await Promise.all([staying.next("echo"), leaving.next("echo")]);
  await fetch(`${url}/notify?message=x`, { method: "POST" });
  await Promise.all([staying.next("notification"), leaving.next("notification")]);
  staying.send('{"type":"oops"}');
  await staying.next("error");
  await Bun.sleep(60);
  await leaving.close();
  await until(async () => (await metricsOf(url)).active_connections === 1);

  const after = await metricsOf(url);
  expect(after).toMatchObject({ active_connections: 1, total_connections: 2, messages_sent: 4 });
  // Two frames of a client, and one request to notify.
  expect(after.messages_received).toBe(3);
  expect(after.uptime_seconds).toBeGreaterThan(before.uptime_seconds);
  expect(after.uptime_seconds).toBeLessThan(60);
  expect(after.error_rate).toBeCloseTo(1 / (after.frames_received + after.requests_received), 5);
  const { count, avg, p50, p95, max } = after.connection_duration;
  expect(count).toBe(1);
  for (const seconds of [avg, p50, p95, max]) expect(seconds).toBeWithin(0.05, 5);
  await staying.close();
});

test("/metrics is JSON to people, and Prometheus' format to its scrapers", async () => {
  const url = await start();
  const typeFor = async (accept: string | null) => {
    const header = accept === null ? "-H 'Accept:'" : `-H 'Accept: ${accept}'`;
    const { output } = await runCommand(
      `curl -s -o /dev/null -w '%{content_type}' ${header} http://localhost:8000/metrics`,
      url,
    );
    return output.split(";")[0];
  };
  expect(await typeFor(null)).toBe("application/json");
  expect(await typeFor("*/*")).toBe("application/json");
  expect(await typeFor("application/json, text/plain, */*")).toBe("application/json");
  expect(await typeFor("text/html,application/xhtml+xml,*/*;q=0.8")).toBe("application/json");
  expect(await typeFor("text/plain")).toBe("text/plain");
  expect(await typeFor("text/plain;version=0.0.4;q=0.5,*/*;q=0.1")).toBe("text/plain");
  expect(await typeFor(prometheusAccept)).toBe("application/openmetrics-text");

  const scrape = await fetch(`${url}/metrics`, { headers: { accept: prometheusAccept } });
  expect(scrape.headers.get("vary")).toContain("Accept");
  expect(parseExposition(await scrape.text(), true).size).toBeGreaterThan(20);
});

test("/metrics/prometheus says the same as /metrics", async () => {
  const url = await start();
  const client = await WebSocketClient.welcomed(url);
  client.send("hello");
  await client.next("echo");
  const { output } = await runCommand("curl -s http://localhost:8000/metrics/prometheus", url);
  const families = parseExposition(output, false);
  const sum = (name: string) =>
    families.get(name)!.samples.reduce((total, sample) => total + sample.value, 0);
  const metrics = await metricsOf(url);
  expect(sum("fanfare_connections")).toBe(metrics.active_connections);
  expect(sum("fanfare_connections_opened_total")).toBe(metrics.total_connections);
  expect(sum("fanfare_deliveries_total")).toBe(metrics.messages_sent);
  expect(sum("fanfare_frames_received_total")).toBe(1);
  expect(sum("fanfare_uptime_seconds")).toBeWithin(0, metrics.uptime_seconds);
  expect(families.get("fanfare_connection_duration_seconds")!.type).toBe("histogram");
  expect(families.has("fanfare_errors_total")).toBe(true);
  await client.close();
});

test("/status has all of /metrics, and what this node is and does", async () => {
  const url = await start();
  const status = await jsonOf("curl http://localhost:8000/status", url);
  for (const name of Object.keys(await metricsOf(url))) expect(status).toHaveProperty([name]);
  expect(status).toMatchObject({
    node: server!.node,
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    pid: process.pid,
    state: "ready",
    broker: { kind: "memory" },
  });
  const client = await WebSocketClient.welcomed(url);
  const drained = server!.drain();
  expect((await jsonOf("curl http://localhost:8000/status", url)).state).toBe("draining");
  await client.close();
  await drained;
});

test("beyond MAX_CONNECTIONS newcomers are refused with 503 and the reason, until somebody leaves", async () => {
  const url = await start({ maxConnections: 2 });
  const [first, second] = [await WebSocketClient.welcomed(url), await WebSocketClient.welcomed(url)];
  const error = {
    code: "unavailable",
    message: "This server has as many connections as it may (2): try again later.",
  };
  await expect(WebSocketClient.open(url)).rejects.toThrow();
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  for (const [path, headers] of [
    ["/ws", { ...upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" }],
    ["/events?topic=chat", {}],
  ] as const) {
    const answer = await fetch(url + path, { headers });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.json()).toEqual({ error });
  }
  expect((await metricsOf(url)).connections.refused.max_connections).toBe(3);
  await first.close();
  await until(async () => (await metricsOf(url)).active_connections === 1);
  const third = await WebSocketClient.welcomed(url);
  await Promise.all([second.close(), third.close()]);
});

test("PING_INTERVAL and PING_TIMEOUT: who answers stays, who does not is closed", async () => {
  const url = await start({ pingIntervalMs: 150, pingTimeoutMs: 100 });
  const answering = await RawWebSocket.open(url, { answerPings: true });
  const silent = await RawWebSocket.open(url);
  expect(await silent.waitForEnd()).toMatchObject({ code: 4408 });
  const pings = () => answering.frames.filter(({ opcode }) => opcode === 0x9).length;
  await until(() => pings() >= 3);
  expect(answering.closeFrame).toBeNull();
  expect((await metricsOf(url)).connections.evicted.pong_timeout).toBe(1);
  await answering.close();
});

test("METRICS_ENABLED and HEALTH_CHECK_ENABLED switch their addresses off, and no other", async () => {
  const url = await start({ metricsEnabled: false, healthCheckEnabled: false });
  const statuses: Record<string, number> = {};
  for (const path of ["/metrics", "/metrics/prometheus", "/health", "/ready", "/status"]) {
    statuses[path] = (await fetch(url + path)).status;
  }
  expect(statuses).toEqual({
    "/metrics": 404,
    "/metrics/prometheus": 404,
    "/health": 404,
    "/ready": 200,
    "/status": 200,
  });
});
