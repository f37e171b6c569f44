import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf, buildRequest, handshakeHeaders } from "../support/raw-websocket.ts";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";
import { Bystanders } from "./support/bystanders.ts";
import { residentBytes } from "./support/process-memory.ts";

const silent = 5000;
const atOnce = 250;
const kibibyte = 1024;

let server: SpawnedServer;
let bystanders: Bystanders;

beforeAll(async () => {
  server = await spawnServer({
    env: { PING_INTERVAL: "6 s", PING_TIMEOUT: "3 s", MAX_CONNECTIONS: String(silent + 100) },
  });
  bystanders = await Bystanders.open(server.url);
});
afterAll(async () => {
  await bystanders.close();
  await server.stop();
});

async function active(): Promise<number> {
  return ((await (await fetch(`${server.url}/metrics`)).json()) as { active_connections: number })
    .active_connections;
}

async function openSilent(count: number): Promise<RawConnection[]> {
  const address = addressOf(server.url);
  const request = buildRequest("GET /ws?topics=quiet HTTP/1.1", handshakeHeaders(address));
  const connections: RawConnection[] = [];
  while (connections.length < count) {
    const some = await Promise.all(
      Array.from({ length: Math.min(atOnce, count - connections.length) }, () =>
        RawConnection.connect(address),
      ),
    );
    for (const connection of some) connection.write(request);
    for (const connection of some) expect((await connection.takeHttpResponse()).status).toBe(101);
    connections.push(...some);
  }
  return connections;
}

describe("5,000 sockets that never speak", () => {
  test("cost little, disturb nobody, and are gone when they answer no PING", async () => {
    const healthy = 3;
    const before = residentBytes(server.process.pid);
    const connections = await openSilent(silent);
    expect(await active()).toBe(silent + healthy);
    // What one costs, the runtime's own part included.
    expect((residentBytes(server.process.pid) - before) / silent).toBeLessThan(16 * kibibyte);
    await until(async () => (await active()) === healthy, 20_000, "the end of all that are silent");
    await until(() => connections.every(({ isClosed }) => isClosed), 5000, "their sockets' end");
    const { connections: counts } = (await (await fetch(`${server.url}/metrics`)).json()) as {
      connections: { evicted: Record<string, number> };
    };
    expect(counts.evicted.pong_timeout).toBe(silent);
    // Nothing of them is left: as many can come again.
    const again = await openSilent(500);
    for (const connection of again) connection.destroy();
    const { medianMs } = await bystanders.account();
    expect(medianMs).toBeLessThan(100);
  }, 60_000);

  test("take no more places than there are: who comes later is told to wait", async () => {
    const crowded = await spawnServer({ env: { MAX_CONNECTIONS: "50" } });
    const clients: WebSocketClient[] = [];
    try {
      for (let count = 0; count < 50; count++)
        clients.push(await WebSocketClient.open(crowded.url, "topics="));
      const connection = await RawConnection.connect(addressOf(crowded.url));
      connection.write(buildRequest("GET /ws HTTP/1.1", handshakeHeaders(addressOf(crowded.url))));
      const answer = await connection.takeHttpResponse();
      connection.destroy();
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
      await clients.pop()!.close();
      const client = await WebSocketClient.open(crowded.url, "topics=");
      await client.close();
    } finally {
      for (const client of clients) await client.close();
      await crowded.stop();
    }
  });
});
