import { expect, test } from "bun:test";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { useWorkers } from "./support/workers.ts";

const setting = useWorkers();

test("a worker that is killed is started again; the others' clients notice nothing", async () => {
  const workers = await setting.start(2);
  const clients = await Promise.all(
    Array.from({ length: 12 }, () => WebSocketClient.welcomed(workers.url, "topics=news")),
  );
  const [victim, survivor] = await workers.workers();
  process.kill(victim!.pid, "SIGKILL");
  await workers.untilLogged("worker started", 3);
  expect(workers.records("worker died")).toEqual([
    expect.objectContaining({
      level: "ERROR",
      worker: victim!.worker,
      worker_pid: victim!.pid,
      exit_code: null,
      signal: "SIGKILL",
    }),
  ]);
  expect(workers.records("starting another worker")).toEqual([expect.objectContaining({ delay_ms: 100 })]);

  const theirs = clients.filter(({ welcome }) => welcome.node === victim!.node);
  expect(theirs.length).toBeGreaterThan(0);
  for (const client of theirs) expect((await client.closed).code).toBe(1006);
  const others = clients.filter(({ welcome }) => welcome.node === survivor!.node);
  expect(others.length + theirs.length).toBe(clients.length);

  const now = await workers.workers();
  // The number is free again, and with it the log files.
  expect(now.map(({ worker }) => worker).sort()).toEqual([1, 2]);
  expect(now.map(({ pid }) => pid)).not.toContain(victim!.pid);
  expect(now.map(({ pid }) => pid)).toContain(survivor!.pid);
  const newcomers = await Promise.all(
    Array.from({ length: 12 }, () => WebSocketClient.welcomed(workers.url, "topics=news")),
  );
  expect(new Set(newcomers.map(({ welcome }) => welcome.node)).size).toBe(2);
  await newcomers[0]!.request({ type: "publish", topic: "news", message: "all are back" });
  for (const client of [...others, ...newcomers]) {
    expect((await client.next("message")).message).toBe("all are back");
  }
  await Promise.all([...others, ...newcomers].map((client) => client.close()));
}, 30_000);

test("one that dies again and again is waited for longer each time", async () => {
  const workers = await setting.start(2);
  for (let death = 1; death <= 3; death++) {
    const last = workers.records("worker started").at(-1)!;
    process.kill(last.worker_pid as number, "SIGKILL");
    await workers.untilLogged("worker started", 2 + death);
  }
  const delays = workers.records("starting another worker").map(({ delay_ms }) => delay_ms);
  expect(delays).toEqual([100, 200, 400]);
}, 30_000);

test("SIGHUP reaches the workers, which go on", async () => {
  const workers = await setting.start(2);
  const client = await WebSocketClient.welcomed(workers.url);
  workers.signal("SIGHUP");
  expect((await client.request({ type: "publish", topic: "chat", message: "hi" })).type).toBe("ack");
  expect(await workers.workers()).toHaveLength(2);
  expect(workers.records("worker died")).toEqual([]);
  await client.close();
}, 30_000);
