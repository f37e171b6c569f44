import { afterEach, describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/index.ts";
import { EventStreamClient } from "../integration/event-stream/event-stream-client.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf, buildRequest, handshakeHeaders } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(config: Partial<Config>): Promise<string> {
  const server = await startTestServer(config);
  cleanups.push(() => server.stop());
  return server.url;
}

/** Asks for a WebSocket as whoever the headers say; it stays open. */
async function upgrade(url: string, headers: Record<string, string> = {}, path = "/ws?topics=") {
  const connection = await RawConnection.connect(addressOf(url));
  cleanups.push(() => connection.destroy());
  const request = { ...handshakeHeaders(addressOf(url)), ...headers };
  connection.write(buildRequest(`GET ${path} HTTP/1.1`, request));
  const answer = await connection.takeHttpResponse();
  return {
    connection,
    status: answer.status,
    retryAfter: answer.headers.get("retry-after"),
    body: answer.body,
  };
}

async function refusedFor(url: string, reason: string): Promise<number> {
  const metrics = (await (await fetch(`${url}/metrics`)).json()) as {
    connections: { refused: Record<string, number> };
  };
  return metrics.connections.refused[reason] ?? 0;
}

const from = (address: string) => ({ "X-Forwarded-For": address });

describe("connections of one address", () => {
  test("are bounded, WebSockets and event streams together, until one ends", async () => {
    const url = await serve({ connectionsPerAddressMax: 3 });
    const first = await upgrade(url);
    expect([first.status, (await upgrade(url)).status]).toEqual([101, 101]);
    const stream = await EventStreamClient.subscribed(url, "topic=t");
    const refused = await upgrade(url);
    expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    expect(refused.body).toContain("Your address has as many connections as it may (3)");
    expect((await fetch(`${url}/events?topic=t`)).status).toBe(503);
    expect(await refusedFor(url, "max_connections_per_address")).toBe(2);
    await stream.close();
    await until(async () => (await upgrade(url)).status === 101, 2000, "a place for the next");
    first.connection.destroy();
    await until(async () => (await upgrade(url)).status === 101, 2000, "a place for the next");
    expect((await upgrade(url)).status).toBe(503);
  });

  test("count for whom a trusted proxy says, and for nobody whom the client names itself", async () => {
    const url = await serve({ connectionsPerAddressMax: 1, trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] });
    const attempts: [forwardedFor: string, status: number][] = [
      ["198.51.100.1", 101],
      ["198.51.100.1", 503],
      ["203.0.113.9, 198.51.100.1", 503],
      ["198.51.100.1, 10.0.0.7", 503],
      ["::ffff:198.51.100.1", 503],
      ["198.51.100.2", 101],
      ["2001:db8:1:1::1", 101],
      ["2001:db8:1:1:ffff::2", 503],
      ["2001:db8:1:2::1", 101],
      ["nonsense", 101],
      ["198.51.100.3, nonsense", 503],
    ];
    for (const [forwardedFor, status] of attempts) {
      expect([forwardedFor, (await upgrade(url, from(forwardedFor))).status]).toEqual([forwardedFor, status]);
    }
  });

  test("whom nobody trusts cannot choose whom they count for", async () => {
    const url = await serve({ connectionsPerAddressMax: 1 });
    expect((await upgrade(url, from("198.51.100.1"))).status).toBe(101);
    expect((await upgrade(url, from("198.51.100.2"))).status).toBe(503);
  });
});

describe("floods of connections", () => {
  test("of one address are cut down to its rate; others come in", async () => {
    const url = await serve({
      connectionRatePerAddress: 2,
      rateBurstMs: 5000,
      trustedProxies: ["127.0.0.1"],
    });
    const flood = await Promise.all(Array.from({ length: 100 }, () => upgrade(url, from("198.51.100.1"))));
    const accepted = flood.filter(({ status }) => status === 101);
    expect(accepted.length).toBeGreaterThanOrEqual(10);
    expect(accepted.length).toBeLessThanOrEqual(15);
    const refused = flood.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(100 - accepted.length);
    expect(refused[0]).toMatchObject({ retryAfter: "1", body: expect.stringContaining("rate_limited") });
    expect((await upgrade(url, from("198.51.100.2"))).status).toBe(101);
    expect(await refusedFor(url, "rate_limited")).toBe(refused.length);
  });

  test("of all together are cut down; event streams are asked to come back later", async () => {
    const url = await serve({ connectionRatePerSecond: 1, rateBurstMs: 3000, sseRetryMs: 500 });
    for (let count = 0; count < 3; count++) expect((await upgrade(url)).status).toBe(101);
    expect((await upgrade(url)).status).toBe(429);
    const stream = await fetch(`${url}/events?topic=t`);
    expect([stream.status, await stream.text()]).toEqual([200, "retry: 1000\n\n"]);
  });

  test("that never get as far as a WebSocket count too", async () => {
    const url = await serve({ connectionRatePerAddress: 1, rateBurstMs: 5000 });
    for (let count = 0; count < 5; count++) {
      expect((await upgrade(url, { "Sec-WebSocket-Key": "short" })).status).toBe(400);
    }
    expect((await upgrade(url)).status).toBe(429);
  });
});

describe("a list of allowed origins", () => {
  test("is exact: a page that had its name resolved to this server gets nothing", async () => {
    const url = await serve({
      allowedOrigins: ["https://app.example"],
      corsOrigins: ["https://reader.example"],
    });
    const statusOf = async (headers: Record<string, string>) => (await upgrade(url, headers)).status;
    expect(await statusOf({ Origin: "https://app.example" })).toBe(101);
    expect(await statusOf({})).toBe(101);
    for (const headers of [
      { Origin: "http://rebound.example", Host: "rebound.example" },
      { Origin: "https://reader.example" },
      { Origin: "https://app.example.evil.example" },
      { Origin: "http://app.example" },
      { Origin: "null" },
      { Origin: url },
    ]) {
      expect([headers, await statusOf(headers)]).toEqual([headers, 403]);
      const publish = await fetch(`${url}/publish`, {
        method: "POST",
        body: '{"topic":"t","message":"x"}',
        headers: { origin: headers.Origin },
      });
      expect([headers, publish.status]).toEqual([headers, 403]);
      const stream = await fetch(`${url}/events?topic=t`, { headers: { origin: headers.Origin } });
      expect([headers, stream.status]).toEqual([headers, 403]);
    }
  });
});
