import { describe, expect, test } from "bun:test";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { isAlive, useWorkers } from "./support/workers.ts";

const setting = useWorkers();

/** Clients, some of them on each worker. */
async function connectToAll(url: string, count = 12): Promise<(WebSocketClient & { node: string })[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => WebSocketClient.welcomed(url, "topics=news")),
  );
  expect(new Set(clients.map(({ welcome }) => welcome.node)).size).toBeGreaterThan(1);
  return clients.map((client) => Object.assign(client, { node: client.welcome.node as string }));
}

describe("a stop signal", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s: every worker tells its clients and serves them until they leave; then all end with 0",
    async (signal) => {
      const workers = await setting.start(2);
      const clients = await connectToAll(workers.url);
      workers.signal(signal);
      await Promise.all(clients.map((client) => client.next("shutdown_notice")));
      // Nobody else serves here, so those who come are told, and those who are here keep all that they had.
      const ready = await fetch(`${workers.url}/ready`, { keepalive: false });
      expect(ready.status).toBe(503);
      const [first] = clients;
      expect(await first!.request({ type: "publish", topic: "news", message: "still here" })).toMatchObject({
        type: "ack",
      });
      for (const client of clients) expect((await client.next("message")).message).toBe("still here");

      await Promise.all(clients.slice(1).map((client) => client.close()));
      expect(workers.server.process.exitCode).toBeNull();
      await first!.close();
      expect(await workers.server.process.exited).toBe(0);
      expect(workers.firstPids.filter(isAlive)).toEqual([]);
      expect(workers.records("worker stopped")).toHaveLength(2);
      expect(workers.records("worker died")).toEqual([]);
      expect(workers.records("starting another worker")).toEqual([]);
      const progress = workers.records("draining");
      expect(progress.length).toBeGreaterThan(0);
      for (const { pid } of progress) expect(workers.firstPids).toContain(pid as number);
      expect(workers.records("stopped").at(-1)).toMatchObject({ pid: workers.server.process.pid });
    },
    30_000,
  );

  test("to all processes at once, as a terminal sends it, is one wish", async () => {
    const workers = await setting.start(2);
    const clients = await connectToAll(workers.url);
    process.kill(-workers.server.process.pid, "SIGINT");
    await Promise.all(clients.map((client) => client.next("shutdown_notice")));
    await Promise.all(clients.map((client) => client.close()));
    expect(await workers.server.process.exited).toBe(0);
    expect(workers.records("worker died")).toEqual([]);
  }, 30_000);

  test("a second one, later, ends the waiting", async () => {
    const workers = await setting.start(2);
    const clients = await connectToAll(workers.url);
    workers.signal("SIGTERM");
    workers.signal("SIGTERM");
    await Promise.all(clients.map((client) => client.next("shutdown_notice")));
    await Bun.sleep(1200);
    expect(workers.server.process.exitCode).toBeNull();
    workers.signal("SIGTERM");
    const closes = await Promise.all(clients.map((client) => client.closed));
    expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([1012]));
    expect(await workers.server.process.exited).toBe(0);
  }, 30_000);

  test("while the workers start ends them too", async () => {
    const workers = await setting.start(2);
    const [first] = workers.firstPids;
    process.kill(first!, "SIGKILL");
    await workers.untilLogged("starting another worker");
    workers.signal("SIGTERM");
    expect(await workers.server.process.exited).toBe(0);
  }, 30_000);
});

test("one worker that is told to stop is replaced, and closes its listener before it lets clients go", async () => {
  const workers = await setting.start(2);
  const clients = await connectToAll(workers.url);
  const [leaving] = await workers.workers();
  process.kill(leaving!.pid, "SIGTERM");
  const theirs = clients.filter(({ node }) => node === leaving!.node);
  await Promise.all(theirs.map((client) => client.next("shutdown_notice")));
  expect(clients.filter((client) => client.received.some(({ type }) => type === "shutdown_notice"))).toEqual(
    theirs,
  );
  await workers.untilLogged("worker started", 3);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => fetch(`${workers.url}/ready`, { keepalive: false })),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await Promise.all(theirs.map((client) => client.close()));
  await workers.untilLogged("worker stopped");
  expect(isAlive(leaving!.pid)).toBe(false);
  await Promise.all(clients.map((client) => client.close()));
  workers.signal("SIGTERM");
  expect(await workers.server.process.exited).toBe(0);
}, 30_000);

test("workers whose supervisor was killed give the port free, let their clients go and end", async () => {
  const workers = await setting.start(2);
  const clients = await connectToAll(workers.url);
  workers.signal("SIGKILL");
  await Promise.all(clients.map((client) => client.next("shutdown_notice")));
  await until(async () => {
    try {
      await Bun.serve({
        hostname: "127.0.0.1",
        port: workers.server.port,
        fetch: () => new Response(),
      }).stop();
      return true;
    } catch {
      return false;
    }
  });
  expect(workers.firstPids.filter(isAlive)).toHaveLength(2);
  await Promise.all(clients.map((client) => client.close()));
  await until(() => workers.firstPids.filter(isAlive).length === 0, 10_000, "the workers' end");
}, 30_000);
