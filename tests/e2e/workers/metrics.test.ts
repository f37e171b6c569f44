import { expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { parseExposition } from "../../unit/telemetry/exposition.ts";
import { useWorkers, type Workers } from "./support/workers.ts";

const setting = useWorkers();

function connect(workers: Workers, count: number) {
  return Promise.all(
    Array.from({ length: count }, () => WebSocketClient.welcomed(workers.url, "topics=news")),
  );
}

/** Samples of the Prometheus format, by name and label value. */
async function scrape(workers: Workers): Promise<Map<string, number>> {
  const response = await fetch(`${workers.url}/metrics/prometheus`, { keepalive: false });
  const families = parseExposition(await response.text(), false);
  const samples = [...families.values()].flatMap((family) => family.samples);
  return new Map(
    samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
  );
}

test("whichever worker answers says what all of them say together", async () => {
  const workers = await setting.start(2);
  const clients = await connect(workers, 10);
  for (const [index, client] of clients.entries()) {
    await client.request({ type: "publish", topic: "news", message: `message ${index}` });
  }
  for (const client of clients) await client.next(({ message }) => message === "message 9");
  const asked = new Set<string>();
  // The system chooses who answers.
  for (let time = 0; time < 8 || (asked.size < 2 && time < 100); time++) {
    const status = await workers.get("/status");
    asked.add(status.node);
    expect(status).toMatchObject({
      active_connections: 10,
      total_connections: 10,
      messages_sent: 100,
      subscriptions: 10,
      publications: { received: { websocket: 10 } },
    });
    expect(status.workers).toHaveLength(2);
    const [one, other] = status.workers;
    expect(one.connections.websocket + other.connections.websocket).toBe(10);
    expect([one.answered, other.answered]).toEqual([true, true]);
  }
  expect(asked.size).toBe(2);
  expect(await workers.get("/metrics")).toMatchObject({ active_connections: 10, messages_sent: 100 });
  expect(await workers.get("/health")).toMatchObject({ status: "healthy", connected_websockets: 10 });
  const samples = await scrape(workers);
  expect(samples.get("fanfare_connections websocket")).toBe(10);
  expect(samples.get("fanfare_publications_total websocket")).toBe(10);
  expect(samples.get("fanfare_workers")).toBe(2);
  expect(samples.get("fanfare_worker_restarts_total")).toBe(0);
  const told = await clients[0]!.request({ type: "status_request" });
  expect(told).toMatchObject({ type: "status", active_connections: 10 });

  await Promise.all(clients.map((client) => client.close()));
  await until(async () => (await workers.get("/metrics")).active_connections === 0);
  const { connection_duration: durations } = await workers.get("/metrics");
  expect(durations.count).toBe(10);
  expect(durations.p50).toBeGreaterThan(0);
  expect(durations.max).toBeGreaterThanOrEqual(durations.p50);
}, 30_000);

function isCutOff(error: { code?: string }): false {
  if (error.code === "ECONNRESET") return false;
  throw error;
}

test("no counter falls when workers are replaced, or die", async () => {
  const workers = await setting.start(2);
  let last = await scrape(workers);
  const look = async () => {
    const now = await scrape(workers);
    for (const [sample, value] of last) {
      if (!/_total|_bucket|_count|_sum/.test(sample)) continue;
      expect(now.get(sample)!, sample).toBeGreaterThanOrEqual(value);
    }
    last = now;
  };
  const clients = await connect(workers, 10);
  for (const client of clients) {
    await client.request({ type: "publish", topic: "news", message: "hello" });
  }
  await Promise.all(clients.map((client) => client.close()));
  await until(async () => (await workers.get("/metrics")).connection_duration.count === 10);
  await look();

  workers.signal("SIGUSR2");
  for (;;) {
    await look();
    if (workers.records("worker stopped").length === 2) break;
  }
  const [victim] = await workers.workers();
  await look();
  process.kill(victim!.pid, "SIGKILL");
  // Those whom it had yet to answer are cut off.
  await until(() => look().then(() => true, isCutOff), 5000, "an answer");
  await workers.untilLogged("worker started", 5);
  await look();
  expect(last.get("fanfare_worker_restarts_total")).toBe(1);
  expect(last.get("fanfare_publications_total websocket")).toBe(10);
  expect(last.get("fanfare_connection_duration_seconds_count")).toBe(10);
  expect(last.get("fanfare_connections websocket")).toBe(0);
}, 60_000);

test("a worker that ends by itself has said all that it counted", async () => {
  const workers = await setting.start(2);
  const clients = await connect(workers, 10);
  for (const client of clients) {
    await client.request({ type: "publish", topic: "news", message: "hello" });
  }
  await Promise.all(clients.map((client) => client.close()));
  // Nobody has asked for their metrics before.
  workers.signal("SIGUSR2");
  await workers.untilLogged("worker stopped", 2, 20_000);
  expect(await workers.get("/metrics")).toMatchObject({
    active_connections: 0,
    total_connections: 10,
    publications: { received: { websocket: 10 } },
    connection_duration: { count: 10 },
  });
}, 30_000);

test("a worker that does not answer in time is named, and stands with what it last said", async () => {
  const workers = await setting.start(2);
  const clients = await connect(workers, 12);
  const before = await workers.workers();
  const busy = before[0]!;
  process.kill(busy.pid, "SIGSTOP");
  try {
    // The system still hands it its share of the connections: ask until the other one answers.
    const ask = async () => {
      const response = await fetch(`${workers.url}/status`, {
        keepalive: false,
        signal: AbortSignal.timeout(1500),
      });
      return await response.json();
    };
    // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields there are.
    let status: any = null;
    await until(
      async () => {
        status = await ask().catch(() => null);
        return status !== null;
      },
      15_000,
      "an answer",
    );
    expect(status.active_connections).toBe(12);
    const described = status.workers.find(({ pid }: { pid: number }) => pid === busy.pid);
    expect(described).toMatchObject({ answered: false, connections: busy.connections, node: busy.node });
    expect(status.workers.filter(({ answered }: { answered: boolean }) => answered)).toHaveLength(1);
  } finally {
    process.kill(busy.pid, "SIGCONT");
  }
  await until(async () => (await workers.workers()).every(({ answered }) => answered));
  await Promise.all(clients.map((client) => client.close()));
}, 30_000);
