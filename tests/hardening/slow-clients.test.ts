import { afterAll, beforeAll, expect, test } from "bun:test";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf } from "../support/raw-websocket.ts";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { Bystanders } from "./support/bystanders.ts";

/** The runtime gives a first request ten seconds, and looks every four. */
const headersCutMs = 15_000;
const bodyTimeoutMs = 3_000;
const dripEveryMs = 250;
const attackers = 200;

let server: SpawnedServer;
let bystanders: Bystanders;
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  server = await spawnServer({ env: { BODY_TIMEOUT: `${bodyTimeoutMs}ms` } });
  bystanders = await Bystanders.open(server.url);
});

afterAll(async () => {
  for (const cleanup of cleanups) cleanup();
  await bystanders.close();
  await server.stop();
});

/** So many that begin a request, and then send a little now and then. */
async function attack(count: number, beginning: string, drip: string): Promise<RawConnection[]> {
  const slow = await Promise.all(
    Array.from({ length: count }, () => RawConnection.connect(addressOf(server.url))),
  );
  for (const connection of slow) connection.write(beginning);
  const dripping = setInterval(() => {
    for (const connection of slow) connection.write(drip);
  }, dripEveryMs);
  cleanups.push(() => {
    clearInterval(dripping);
    for (const connection of slow) connection.destroy();
  });
  return slow;
}

test("slowloris on a body: 408 and cut, with a length or without, however busily it trickles", async () => {
  const start = "POST /publish HTTP/1.1\r\nHost: localhost\r\n";
  const startedMs = performance.now();
  const declared = await attack(attackers, `${start}Content-Length: 1000\r\n\r\n{`, "x");
  const chunked = await attack(20, `${start}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n{\r\n");
  for (const connection of [...declared, ...chunked]) {
    const answer = await connection.takeHttpResponse(bodyTimeoutMs * 3);
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "bad_request" } });
    await connection.waitForClose();
  }
  expect(performance.now() - startedMs).toBeGreaterThan(bodyTimeoutMs * 0.9);
}, 20_000);

test("a body that takes its time within the bound is taken", async () => {
  const connection = await RawConnection.connect(addressOf(server.url));
  const body = '{"topic":"t","message":"slow but sure"}';
  connection.write(`POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`);
  for (let at = 0; at < body.length; at += 10) {
    connection.write(body.slice(at, at + 10));
    await Bun.sleep(100);
  }
  expect((await connection.takeHttpResponse()).status).toBe(200);
  connection.destroy();
});

test(
  "slowloris on headers: cut, and nobody else notices",
  async () => {
    const slow = await attack(attackers, "GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "x");
    for (const connection of slow) await connection.waitForClose(headersCutMs);
    for (const connection of slow) expect(connection.received).toHaveLength(0);
    const { published, medianMs } = await bystanders.account();
    expect(published).toBeGreaterThan(100);
    expect(medianMs).toBeLessThan(100);
  },
  headersCutMs + 10_000,
);
