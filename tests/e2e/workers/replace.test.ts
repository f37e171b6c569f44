import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FanfareClient } from "../../../src/client/index.ts";
import { spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { Newcomers } from "./support/newcomers.ts";
import { isAlive, useWorkers, Workers } from "./support/workers.ts";

const setting = useWorkers();

let folder: string;
const clients: FanfareClient[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-replace-"));
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  rmSync(folder, { recursive: true });
});

/** Publishes over connections that are kept, one after the other, until it is stopped. */
function publishSteadily(url: string) {
  let isStopped = false;
  const failures: string[] = [];
  const sent: string[] = [];
  const loop = (async () => {
    while (!isStopped) {
      const message = `message ${sent.length}`;
      try {
        const response = await fetch(`${url}/publish`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ topic: "news", message }),
        });
        await response.text();
        if (response.status !== 200) failures.push(String(response.status));
      } catch (error) {
        failures.push((error as Error).message);
      }
      sent.push(message);
      await Bun.sleep(10);
    }
  })();
  return {
    sent,
    failures,
    async stop() {
      isStopped = true;
      await loop;
    },
  };
}

function readers(url: string, count: number) {
  return Array.from({ length: count }, () => {
    const client = new FanfareClient({ url });
    clients.push(client);
    const messages: (string | undefined)[] = [];
    let breaks = 0;
    const subscription = client.subscribe("news", {
      onPublication: ({ message }) => messages.push(message),
      onBreak: () => breaks++,
    });
    void client.connect();
    return { messages, subscription, breaks: () => breaks };
  });
}

const oldOnes = (workers: Workers) => workers.firstPids.filter(isAlive);

test("SIGUSR2 replaces the workers: nobody is refused, and no publication is lost", async () => {
  const workers = await setting.start(3, { env: { DRAIN_RATE: "20" } });
  const reading = readers(workers.url, 6);
  await until(() => reading.every(({ subscription }) => subscription.state === "subscribed"));
  const newcomers = new Newcomers(workers.url);
  const publishing = publishSteadily(workers.url);

  workers.signal("SIGUSR2");
  await workers.untilLogged("all workers are replaced", 1, 30_000);
  await until(() => oldOnes(workers).length === 0, 15_000, "the end of the old workers");
  await publishing.stop();
  await newcomers.stop();

  expect(newcomers.failures).toEqual([]);
  expect(newcomers.connected).toBeGreaterThan(50);
  expect(publishing.failures).toEqual([]);
  expect(publishing.sent.length).toBeGreaterThan(50);
  for (const { messages, breaks } of reading) {
    await until(() => messages.length >= publishing.sent.length, 5000, "the last message");
    expect(messages).toEqual(publishing.sent);
    expect(breaks()).toBe(0);
  }
  expect(workers.records("worker died")).toEqual([]);
  expect(workers.records("worker stopped").map(({ worker_pid }) => worker_pid)).toEqual(
    expect.arrayContaining(workers.firstPids),
  );
}, 60_000);

test("a new one is ready before the old one lets its clients go, one after the other", async () => {
  const workers = await setting.start(2);
  const client = await WebSocketClient.welcomed(workers.url);
  workers.signal("SIGUSR2");
  await workers.untilLogged("all workers are replaced", 1, 20_000);
  await until(() => workers.records("shutting down").length === 2, 10_000);
  const steps = workers.server.lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === "worker started" || msg === "shutting down")
    .map(({ msg, pid, worker_pid }) => [msg, msg === "worker started" ? worker_pid : pid]);
  const started = steps.filter(([msg]) => msg === "worker started").map(([, pid]) => pid);
  const at = (msg: string, pid: number) => steps.findIndex((step) => step[0] === msg && step[1] === pid);
  const [first, second] = (await workers.workers()).length > 0 ? started.slice(0, 2) : [];
  expect(at("shutting down", first)).toBeGreaterThan(at("worker started", started[2]));
  expect(at("shutting down", second)).toBeGreaterThan(at("worker started", started[3]));

  // One that still has clients stays with them, listed and told apart by its number.
  const status = await workers.workers();
  expect(new Set(status.map(({ worker }) => worker)).size).toBe(status.length);
  expect(status.length).toBeGreaterThanOrEqual(3);
  expect((await client.request({ type: "publish", topic: "chat", message: "hi" })).type).toBe("ack");
  await client.close();
  await until(() => oldOnes(workers).length === 0, 10_000, "the end of the old workers");
}, 60_000);

test("new ones read .env anew", async () => {
  writeFileSync(join(folder, ".env"), "RECENT_NOTIFICATIONS=5\nPING_INTERVAL=20\n");
  const workers = await setting.start(2, { cwd: folder });
  expect((await WebSocketClient.welcomed(workers.url)).welcome.ping_interval).toBe(20);
  writeFileSync(join(folder, ".env"), "PING_INTERVAL=25\n");
  workers.signal("SIGUSR2");
  await workers.untilLogged("all workers are replaced", 1, 20_000);
  await until(() => workers.records("shutting down").length === 2, 10_000);
  expect((await WebSocketClient.welcomed(workers.url)).welcome.ping_interval).toBe(25);
}, 60_000);

test("where a new one does not become ready, the old ones stay", async () => {
  writeFileSync(join(folder, ".env"), "PING_INTERVAL=20\n");
  const workers = await setting.start(2, { cwd: folder });
  const client = await WebSocketClient.welcomed(workers.url);
  writeFileSync(join(folder, ".env"), "PING_INTERVAL=never\n");
  workers.signal("SIGUSR2");
  await workers.untilLogged("the workers stay as they are", 1, 20_000);
  expect(workers.server.lines.join("\n")).toContain("PING_INTERVAL=never (.env): not a duration");
  expect(oldOnes(workers)).toHaveLength(2);
  expect((await client.request({ type: "publish", topic: "chat", message: "hi" })).type).toBe("ack");
  expect(await workers.workers()).toHaveLength(2);

  writeFileSync(join(folder, ".env"), "PING_INTERVAL=25\n");
  workers.signal("SIGUSR2");
  await workers.untilLogged("all workers are replaced", 1, 20_000);
  await client.close();
}, 60_000);

test("nor do those that would no longer know of each other", async () => {
  writeFileSync(join(folder, ".env"), `WORKERS=2\nREDIS_URL=${setting.redisUrl}\n`);
  const server = await spawnServer({ cwd: folder });
  try {
    const workers = new Workers(server);
    expect(await workers.workers()).toHaveLength(2);
    writeFileSync(join(folder, ".env"), "WORKERS=1\n");
    workers.signal("SIGUSR2");
    await workers.untilLogged("the workers stay as they are", 1, 20_000);
    expect(server.lines.join("\n")).toContain("Workers need Redis between them");
    expect(oldOnes(workers)).toHaveLength(2);
  } finally {
    await server.stop();
  }
}, 60_000);

test("a second SIGUSR2 while they are being replaced replaces them once more", async () => {
  const workers = await setting.start(2);
  workers.signal("SIGUSR2");
  await workers.untilLogged("replacing the workers one by one");
  workers.signal("SIGUSR2");
  workers.signal("SIGUSR2");
  await workers.untilLogged("the workers are being replaced: they will be once more");
  await workers.untilLogged("all workers are replaced", 2, 40_000);
  expect(workers.records("worker started")).toHaveLength(6);
}, 60_000);

test("SIGTERM ends a replacement under way", async () => {
  const workers = await setting.start(2);
  workers.signal("SIGUSR2");
  await workers.untilLogged("replacing the workers one by one");
  workers.signal("SIGTERM");
  expect(await workers.server.process.exited).toBe(0);
  expect(workers.records("all workers are replaced")).toEqual([]);
}, 60_000);
