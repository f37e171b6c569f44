import { afterEach, expect, test } from "bun:test";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { SlowReader } from "../support/slow-reader.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

let server: SpawnedServer | undefined;

async function start(env: Record<string, string> = {}, args: string[] = []): Promise<SpawnedServer> {
  server = await spawnServer({ env, args });
  return server;
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function readiness(url: string): Promise<number> {
  const response = await fetch(`${url}/ready`);
  return response.status;
}

test("SIGTERM flips readiness, tells the clients, serves them until they leave, and exits 0", async () => {
  const { url, process, lines } = await start();
  const staying = await WebSocketClient.welcomed(url);
  const leaving = await WebSocketClient.welcomed(url);
  expect(await readiness(url)).toBe(200);

  process.kill("SIGTERM");
  const notice = await staying.next("shutdown_notice");
  expect(notice.reconnect_after_ms).toBeNumber();
  expect(notice.deadline).toBeGreaterThan(Date.now());
  expect(await readiness(url)).toBe(503);

  // Those who are connected keep every command.
  await leaving.close();
  const ack = await staying.request({ type: "publish", topic: "chat", message: "still here" });
  expect(ack.type).toBe("ack");
  expect((await staying.next("message")).message).toBe("still here");

  // Nobody new comes in.
  const refused = await fetch(`${url}/ws`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    },
  });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  expect(await refused.json()).toMatchObject({ error: { code: "draining" } });
  const events = await fetch(`${url}/events?topic=chat`);
  expect(events.status).toBe(200);
  expect(await events.text()).toBe("retry: 2000\n\n");

  expect(process.exitCode).toBeNull();
  await staying.close();
  expect(await process.exited).toBe(0);
  expect(lines.some((line) => line.includes('"connections_left":'))).toBe(true);
});

test("progress is logged with the process id, connections left and seconds left", async () => {
  const spawned = await start({ SHUTDOWN_TIMEOUT: "60" });
  const client = await WebSocketClient.welcomed(spawned.url);
  spawned.process.kill("SIGTERM");
  const progress = JSON.parse(await spawned.waitForLog(/"draining"/));
  expect(progress).toMatchObject({ pid: spawned.process.pid, connections_left: 1 });
  expect(progress.seconds_left).toBeWithin(58, 61);
  const again = () => spawned.lines.filter((line) => line.includes('"msg":"draining"')).length >= 2;
  await until(again, 7000, "a second line of progress");
  await client.close();
  expect(await spawned.process.exited).toBe(0);
}, 15_000);

test("at the deadline those who are left are closed with 1012, and have everything that was accepted", async () => {
  const { url, process } = await start({ SHUTDOWN_TIMEOUT: "0.5", HISTORY_SIZE: "5000" });
  const readers = await Promise.all(
    Array.from({ length: 20 }, () => WebSocketClient.welcomed(url, "topics=news")),
  );
  const publisher = await WebSocketClient.welcomed(url, "topics=");
  const body = "x".repeat(8000);
  process.kill("SIGTERM");
  await publisher.next("shutdown_notice");
  let acknowledged = 0;
  for (let id = 1; id <= 300; id++) publisher.send({ type: "publish", id, topic: "news", message: body });
  const closes = await Promise.all(readers.map((reader) => reader.closed));
  for (const frame of publisher.received)
    if (frame.type === "ack") acknowledged = Math.max(acknowledged, frame.offset);
  expect(acknowledged).toBeGreaterThan(0);
  for (const close of closes) expect(close.code).toBe(1012);
  for (const reader of readers) {
    const offsets = reader.received
      .filter((frame) => frame.topic === "news" && frame.ts)
      .map((frame) => frame.offset);
    expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => index + 1));
    expect(offsets.length).toBeGreaterThanOrEqual(acknowledged);
  }
  expect(await process.exited).toBe(0);
}, 20_000);

test("DRAIN_RATE asks clients to leave at a paced rate", async () => {
  const { url, process } = await start({ DRAIN_RATE: "40", SHUTDOWN_TIMEOUT: "60" });
  const clients = await Promise.all(Array.from({ length: 40 }, () => WebSocketClient.welcomed(url)));
  const times: number[] = [];
  const began = performance.now();
  for (const client of clients) void client.closed.then(() => times.push(performance.now() - began));
  process.kill("SIGTERM");
  const closes = await Promise.all(clients.map((client) => client.closed));
  expect(closes.every((close) => close.code === 1012)).toBe(true);
  expect(await process.exited).toBe(0);
  // About a second for all of them, and not in one wave.
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(400);
  expect(times.filter((time) => time < times[0]! + 200).length).toBeLessThan(30);
}, 15_000);

test("a second signal is the same wish at once, and forces later", async () => {
  const { url, process, waitForLog } = await start();
  const client = await WebSocketClient.welcomed(url);
  process.kill("SIGTERM");
  process.kill("SIGTERM");
  await client.next("shutdown_notice");
  await Bun.sleep(1200);
  expect(process.exitCode).toBeNull();
  process.kill("SIGINT");
  expect((await client.closed).code).toBe(1012);
  await waitForLog(/second stop signal/);
  expect(await process.exited).toBe(0);
}, 15_000);

test("a client that stopped reading does not hold up the end for good", async () => {
  const { url, process } = await start({ SHUTDOWN_TIMEOUT: "0.2" });
  const stuck = await SlowReader.open(url, "/ws?topics=news");
  stuck.stopReading();
  const publisher = await WebSocketClient.welcomed(url, "topics=");
  for (let id = 1; id <= 60; id++) {
    await publisher.request({ type: "publish", topic: "news", message: "x".repeat(50_000) });
  }
  process.kill("SIGTERM");
  expect(await process.exited).toBe(0);
  stuck.destroy();
}, 20_000);

test("--dev exits by itself within its three seconds although a client stays", async () => {
  const { url, process } = await start({}, ["--dev", "--port", "0"]);
  const client = await WebSocketClient.welcomed(url);
  const began = performance.now();
  process.kill("SIGINT");
  expect((await client.closed).code).toBe(1012);
  await process.exited;
  expect(performance.now() - began).toBeWithin(2500, 8000);
}, 15_000);
