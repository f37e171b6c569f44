import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfigInput } from "../../../src/config/index.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { useWorkers } from "./support/workers.ts";

const setting = useWorkers();
const main = new URL("../../../src/main.ts", import.meta.url).pathname;

/** Runs a server that is to end by itself. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", LOG_DIR: "none", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { output, errors, code: await child.exited };
}

describe("several workers", () => {
  test("listen on one port, which is said once, with their process ids", async () => {
    const workers = await setting.start(3);
    const [listening, ...more] = workers.records("listening");
    expect(more).toEqual([]);
    expect(listening).toMatchObject({ url: workers.url, host: "127.0.0.1", pid: workers.server.process.pid });
    const pids = workers.firstPids;
    expect(new Set(pids).size).toBe(3);
    expect(pids).not.toContain(workers.server.process.pid);
    expect(workers.records("worker started").map(({ worker_pid }) => worker_pid)).toEqual(
      expect.arrayContaining(pids),
    );
    const status = await workers.workers();
    expect(status.map(({ worker }) => worker).sort()).toEqual([1, 2, 3]);
    expect(status.map(({ pid }) => pid).sort()).toEqual(pids.sort());
    expect(new Set(status.map(({ node }) => node)).size).toBe(3);
  }, 30_000);

  test("share the connections, and a publication to any reaches the clients of all", async () => {
    const workers = await setting.start(2);
    const clients = await Promise.all(
      Array.from({ length: 16 }, () => WebSocketClient.welcomed(workers.url, "topics=news")),
    );
    const nodes = new Set(clients.map(({ welcome }) => welcome.node));
    expect(nodes.size).toBe(2);
    const ack = await clients[0]!.request({ type: "publish", topic: "news", message: "to all" });
    expect(ack).toMatchObject({ type: "ack", offset: 1 });
    for (const client of clients) expect((await client.next("message")).message).toBe("to all");
    await Promise.all(clients.map((client) => client.close()));
  }, 30_000);

  test("bring newcomers up to date with the same recent notifications, which Redis keeps", async () => {
    const workers = await setting.start(2);
    for (const message of ["first", "second"]) {
      const body = JSON.stringify({ message });
      await fetch(`${workers.url}/notify`, { method: "POST", body, keepalive: false });
    }
    const clients = await Promise.all(
      Array.from({ length: 12 }, () => WebSocketClient.welcomed(workers.url)),
    );
    expect(new Set(clients.map(({ welcome }) => welcome.node)).size).toBe(2);
    for (const client of clients) {
      expect((await client.next("notification")).message).toBe("first");
      expect((await client.next("notification")).message).toBe("second");
    }
    for (let time = 0; time < 6; time++) {
      expect(await workers.get("/messages")).toEqual({ recent_messages: ["first", "second"] });
      expect(await workers.get("/health")).toMatchObject({
        cache_status: "connected",
        recent_notifications_count: 2,
      });
    }
    await Promise.all(clients.map((client) => client.close()));
  }, 30_000);

  test("say in the log which of them they are", async () => {
    const workers = await setting.start(2, { env: { LOG_LEVEL: "DEBUG" } });
    const client = await WebSocketClient.welcomed(workers.url);
    await workers.untilLogged("connection opened");
    const [opened] = workers.records("connection opened");
    expect(opened).toMatchObject({ connection_id: client.welcome.connection_id, node: client.welcome.node });
    expect(workers.firstPids).toContain(opened!.pid as number);
    expect([1, 2]).toContain(opened!.worker as number);
    await client.close();

    // Lines of several processes in one pipe stay whole.
    const crowd = await Promise.all(
      Array.from({ length: 200 }, () => WebSocketClient.welcomed(workers.url, "topics=")),
    );
    await Promise.all(crowd.map((one) => one.close()));
    await until(() => workers.records("connection closed").length === 201, 10_000, "201 connections' ends");
    for (const line of workers.server.lines) expect(() => JSON.parse(line), line).not.toThrow();
  }, 30_000);

  test("have log files of their own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fanfare-workers-"));
    try {
      const workers = await setting.start(2, { env: { LOG_DIR: folder, LOG_LEVEL: "DEBUG" } });
      const clients = await Promise.all(
        Array.from({ length: 16 }, () => WebSocketClient.welcomed(workers.url)),
      );
      const records = (file: string) =>
        readFileSync(join(folder, file), "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line));
      expect(readdirSync(folder).sort()).toEqual([
        "errors.1.log",
        "errors.2.log",
        "errors.log",
        "websocket_server.1.log",
        "websocket_server.2.log",
        "websocket_server.log",
      ]);
      const opened = (worker: number) =>
        records(`websocket_server.${worker}.log`).filter(({ msg }) => msg === "connection opened");
      await until(() => opened(1).length + opened(2).length === 16);
      for (const worker of [1, 2]) {
        expect(new Set(records(`websocket_server.${worker}.log`).map((record) => record.worker))).toEqual(
          new Set([worker]),
        );
      }
      expect(records("websocket_server.log").map(({ msg }) => msg)).toContain("listening");
      await Promise.all(clients.map((client) => client.close()));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 30_000);

  test("are as many as there are cores with --prod, where there is Redis", async () => {
    const env = { AUTH: "open", REDIS_URL: setting.redisUrl };
    const { output, code } = await run(["--prod", "--check-config"], env);
    expect(code).toBe(0);
    const cores = /WORKERS=(\d+) \(--prod\)/.exec(output)?.[1];
    expect(Number(cores ?? 1)).toBe(readConfigInput().cores!);
    const alone = await run(["--prod", "--check-config"], { AUTH: "open" });
    expect([alone.code, alone.output.includes("WORKERS=")]).toEqual([0, false]);
  }, 30_000);
});

describe("what cannot start ends, and says why once", () => {
  test("a port that is taken by another program", async () => {
    const other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    try {
      const { errors, code } = await run(["--workers", "2", "--port", String(other.port)], {
        REDIS_URL: setting.redisUrl,
      });
      expect(code).toBe(1);
      expect(errors).toBe(
        `Cannot listen on 127.0.0.1:${other.port}: another program uses that port. ` +
          "Stop it, or choose another port with --port.\n",
      );
    } finally {
      await other.stop(true);
    }
  }, 30_000);

  test("a port that other workers share, which would take clients from them in silence", async () => {
    const workers = await setting.start(2);
    const { errors, code } = await run(["--workers", "2", "--port", String(workers.server.port)], {
      REDIS_URL: setting.redisUrl,
    });
    expect(code).toBe(1);
    expect(errors).toContain("another program uses that port");
  }, 30_000);

  test("an address that is not this machine's", async () => {
    const { errors, code } = await run(["--workers", "2", "--host", "host.invalid"], {
      REDIS_URL: setting.redisUrl,
    });
    expect(code).toBe(1);
    expect(errors.match(/Cannot listen on host\.invalid/g)).toHaveLength(1);
  }, 30_000);

  test("settings that are wrong", async () => {
    const { errors, code } = await run(["--workers", "2"], { REDIS_URL: setting.redisUrl, PORT: "x" });
    expect(code).toBe(2);
    expect(errors.match(/PORT=x/g)).toHaveLength(1);
  }, 30_000);

  test("no Redis between them", async () => {
    const { errors, code } = await run(["--workers", "2"]);
    expect(code).toBe(2);
    expect(errors).toContain("several processes need Redis");
  }, 30_000);

  test("a worker that cannot start although the supervisor could", async () => {
    const { errors, output, code } = await run(["--workers", "2", "--port", "0"], {
      REDIS_URL: setting.redisUrl.replace("redis:", "rediss:"),
      REDIS_TLS_CA: "/nowhere/ca.pem",
    });
    expect(code).toBe(1);
    expect(errors.match(/nowhere/g)?.length).toBeGreaterThan(0);
    expect(output).toContain("the workers cannot start");
    expect(output.match(/worker died/g)).toHaveLength(1);
  }, 30_000);
});
