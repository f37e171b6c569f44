/**
 * "WebSocket Chat Server": what its README says, as its users would try it. They change the address, and nothing
 * else. Its browser interface is tried in `page-chat.test.ts`, its shutdown further in `shutdown.test.ts`.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, createConfig } from "../../../src/config/index.ts";
import { curl } from "../../support/curl.ts";
import { startRedis } from "../../support/redis-server.ts";
import { type SpawnedServer, spawnServer, startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

let url: string;

async function serve(overrides: Partial<Config> = {}): Promise<void> {
  const server = await startTestServer(overrides);
  cleanUps.push(() => server.stop());
  url = server.url;
}

async function spawn(options: Parameters<typeof spawnServer>[0]): Promise<SpawnedServer> {
  const server = await spawnServer(options);
  cleanUps.push(() => server.stop());
  url = server.url;
  return server;
}

async function connect(query = ""): Promise<WebSocketClient & { welcome: Frame }> {
  const client = await WebSocketClient.welcomed(url, query);
  cleanUps.push(() => client.close());
  return client;
}

async function connectMany(count: number): Promise<WebSocketClient[]> {
  return await Promise.all(Array.from({ length: count }, () => connect()));
}

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

describe("WebSocket: /ws", () => {
  test("the client example in JavaScript receives notifications and sends messages", async () => {
    await serve();
    const other = await connect();
    const received: Frame[] = [];
    const console = { log: (_: string, data: Frame) => received.push(data) };

    const ws = new WebSocket(`${url.replace("http", "ws")}/ws`);
    ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      console.log("Received:", data);
    };
    await until(() => received.length > 0);
    ws.send(JSON.stringify({ type: "notification", message: "Hello!" }));

    const echo = await other.next("echo");
    expect(echo).toMatchObject({ topic: "chat", message: "Hello!", sender: expect.any(String) });
    await until(() => received.some(({ type }) => type === "echo"));
    await curl(["-X", "POST", `${url}/notify?message=Hello%20World`]);
    await until(() => received.length === 3);
    expect(received.map(({ type }) => type)).toEqual(["welcome", "echo", "notification"]);
    expect(received[1]).toEqual(echo);
    ws.close();
  });

  test("multi-user chat: messages from one user appear in all connected clients", async () => {
    await serve();
    const [alice, bob, carol] = [await connect("name=Alice"), await connect("name=Bob"), await connect()];
    alice.send("Hello, everybody");
    bob.send(JSON.stringify({ message: "Hello, Alice" }));
    for (const client of [alice, bob, carol]) {
      const messages = [await client.next("echo"), await client.next("echo")];
      expect(messages.map(({ sender, message }) => `${sender}: ${message}`).sort()).toEqual([
        "Alice: Hello, everybody",
        "Bob: Hello, Alice",
      ]);
      expect(messages.map(({ offset }) => offset)).toEqual([1, 2]);
    }
  });

  test("connection management: active connections are tracked as they come and go", async () => {
    await serve();
    const active = async () => [
      (await curl([`${url}/status`])).json.active_connections,
      (await curl([`${url}/health`])).json.connected_websockets,
    ];
    expect(await active()).toEqual([0, 0]);
    const [first, second] = await connectMany(2);
    expect(await active()).toEqual([2, 2]);
    await first!.close();
    second!.socket.terminate();
    await until(async () => Bun.deepEquals(await active(), [0, 0]));
  });
});

describe("message types", () => {
  test("welcome is sent when a client first connects", async () => {
    await serve();
    const client = await connect();
    expect(client.received[0]).toEqual({
      type: "welcome",
      connection_id: expect.any(String),
      user_id: null,
      role: "chat",
      node: expect.any(String),
      topics: ["chat", "notifications", "alerts"].map((topic) => ({
        topic,
        epoch: expect.any(String),
        offset: 0,
      })),
      message: expect.any(String),
      ping_interval: 30,
    });
  });

  test("notification is a periodic or manual one; echo is a message from a user", async () => {
    await serve({ notificationIntervalMs: 20 });
    const client = await connect("name=Alice");
    const notification = { type: "notification", topic: "notifications", ts: expect.any(Number) };
    const periodic = await client.next("notification");
    expect(periodic).toEqual({
      ...notification,
      offset: 1,
      message: expect.stringMatching(/^Periodic notification 1 /),
    });
    await curl(["-X", "POST", `${url}/notify?message=Hello%20World`]);
    const manual = await client.next(({ message }) => message === "Hello World");
    expect(manual).toEqual({ ...notification, offset: expect.any(Number), message: "Hello World" });
    client.send("Hi");
    expect(await client.next("echo")).toEqual({
      type: "echo",
      topic: "chat",
      offset: 1,
      ts: expect.any(Number),
      sender: "Alice",
      message: "Hi",
    });
  });
});

describe("periodic notifications", () => {
  test("go to all connected clients, every 10 seconds unless set", async () => {
    expect(createConfig().notificationIntervalMs).toBe(10_000);
    await serve({ notificationIntervalMs: 20 });
    const clients = await connectMany(3);
    const offsets = await Promise.all(
      clients.map(async (client) => {
        await until(() => client.received.filter(({ type }) => type === "notification").length >= 3);
        return client.received.flatMap(({ type, offset }) => (type === "notification" ? [offset] : []));
      }),
    );
    // One for all of them, not one for each.
    for (const seen of offsets) expect(seen.slice(0, 3)).toEqual([seen[0]!, seen[0]! + 1, seen[0]! + 2]);
  });

  test("there are none while nobody listens, and they are not counted among the recent ones", async () => {
    await serve({ notificationIntervalMs: 10, alertGeneratorIntervalMs: 10 });
    // The sample alerts, made as often, tell that the time has passed.
    await until(async () => (await curl([`${url}/alerts/history`])).json.alerts.length >= 5);
    expect((await curl([`${url}/topics/notifications`])).status).toBe(404);
    const client = await connect();
    await client.next("notification");
    await client.next("notification");
    expect((await curl([`${url}/messages`])).json).toEqual({ recent_messages: [] });
    const late = await connect();
    expect(late.received.filter(({ topic }) => topic === "notifications")).toEqual([]);
  });
});

describe("POST /notify", () => {
  test("sends a notification to all connected clients, and answers as documented", async () => {
    await serve();
    const clients = await connectMany(5);
    // What does not count: nobody here, another topic, an event stream, one that has left.
    await connect("topics=");
    await connect("topics=chat");
    const stream = new AbortController();
    await fetch(`${url}/events?topic=notifications`, { signal: stream.signal });
    await (await connect()).close();
    await until(async () => (await curl([`${url}/health`])).json.connected_websockets === 7);

    const answer = await curl(["-X", "POST", `${url}/notify?message=Hello%20World`]);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe('{"status":"success","message":"Notification sent to 5 clients"}');
    for (const client of clients) {
      expect(await client.next("notification")).toMatchObject({ message: "Hello World" });
    }
    stream.abort();
  });

  test("needs neither a body nor a type of content, and takes any text", async () => {
    await serve();
    const client = await connect();
    const texts = [
      ["Hello+World", "Hello World"],
      ["%C3%BC%20%F0%9F%98%80", "ü 😀"],
      ["a%26b%3Dc%2B%25%23", "a&b=c+%#"],
      ["", ""],
      ["two%0Alines", "two\nlines"],
      // Where the percent signs mean nothing, they stay.
      ["100%", "100%"],
      ["%FF%zz", "%FF%zz"],
    ];
    for (const [sent, message] of texts) {
      const answer = await curl(["-X", "POST", `${url}/notify?message=${sent}`]);
      expect(answer.body).toBe('{"status":"success","message":"Notification sent to 1 clients"}');
      expect((await client.next("notification")).message).toBe(message);
    }
  });

  test("refuses what is no notification with a clear error; nothing is lost and the server lives", async () => {
    await serve();
    const client = await connect();
    const large = `{"message":"${"x".repeat(10_000_000)}"}`;
    const cases: (readonly [query: string, body: string | Uint8Array, status: number, code: string])[] = [
      ["", "", 422, "invalid"],
      ["", "{}", 422, "invalid"],
      ["", '{"message":{"text":"x"}}', 422, "invalid"],
      ["", '{"message":"x","type":5}', 422, "invalid"],
      ["", '{"message":"x","type":"welcome"}', 422, "invalid"],
      ["?message=x", "[]", 422, "invalid"],
      ["?message=x", '{"message":', 400, "bad_request"],
      ["?message=x", Buffer.from('{"message":"\xff"}', "latin1"), 400, "bad_request"],
      ["?message=x", large, 413, "too_large"],
    ];
    for (const [query, body, status, code] of cases) {
      const answer = await curl(["-X", "POST", `${url}/notify${query}`, "--data-binary", "@-"], body);
      expect([query, answer.status, answer.json]).toEqual([
        query,
        status,
        { error: { code, message: expect.any(String) } },
      ]);
    }
    const wrongMethod = await curl([`${url}/notify?message=x`]);
    expect([wrongMethod.status, wrongMethod.json.error.code]).toEqual([405, "bad_request"]);
    // Longer than any address may be; Bun answers by itself.
    const address = `url = "${url}/notify?message=${"x".repeat(100_000)}"`;
    expect((await curl(["-X", "POST", "-K", "-"], address)).status).toBe(431);
    await curl(["-X", "POST", `${url}/notify?message=still%20here`]);
    expect(await client.next("notification")).toMatchObject({ offset: 1, message: "still here" });
  });

  test("takes no more in the address than a frame may have", async () => {
    await serve({ maxFrameBytes: 1000 });
    const notify = (message: string) => curl(["-X", "POST", `${url}/notify?message=${message}`]);
    expect((await notify("x".repeat(900))).status).toBe(200);
    const refused = await notify("x".repeat(1001));
    expect([refused.status, refused.json.error.code]).toEqual([413, "too_large"]);
  });
});

describe("GET /", () => {
  test("returns an HTML chat interface to a browser, and JSON to anyone else", async () => {
    await serve();
    const page = await curl(["-H", `Accept: ${browserAccepts}`, `${url}/`]);
    expect([page.status, page.contentType]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.body).toStartWith("<!doctype html>");
    const scripts = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(scripts.length).toBeGreaterThan(0);
    for (const path of scripts) expect([path, (await curl([url + path])).status]).toEqual([path, 200]);
    for (const accept of ["*/*", "application/json", "text/plain"]) {
      const answer = await curl(["-H", `Accept: ${accept}`, url]);
      expect(answer.contentType).toStartWith("application/json");
      expect(answer.json).toHaveProperty("message");
    }
    expect((await fetch(url)).headers.get("vary")).toBe("Accept");
  });
});

describe("configuration", () => {
  test("the .env file as documented: its names, and the port it gives", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fanfare-chat-"));
    cleanUps.push(() => rm(folder, { recursive: true }));
    const placeholder = Bun.serve({ port: 0, fetch: () => new Response() });
    const { port } = placeholder;
    await placeholder.stop(true);
    const redis = await startRedis();
    cleanUps.push(() => redis.stop());
    const documented = [
      "REDIS_HOST=127.0.0.1",
      `REDIS_PORT=${redis.port}`,
      `API_PORT=${port}`,
      "LOG_LEVEL=INFO",
      "SHUTDOWN_TIMEOUT=1800",
      "PERIODIC_NOTIFICATION=0.05",
    ];
    await writeFile(join(folder, ".env"), `${documented.join("\n")}\n`);
    const server = await spawn({ cwd: folder, env: { PORT: "", NOTIFICATION_INTERVAL: "" } });
    expect(server.port).toBe(port!);
    const client = await connect();
    expect((await client.next("notification")).message).toStartWith("Periodic notification");
    expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ cache_status: "connected" });
  }, 15_000);
});

describe("graceful shutdown", () => {
  test("waits up to 30 minutes for all connections to close, tells them, rejects new ones and logs progress", async () => {
    const server = await spawn({ env: { NOTIFICATION_INTERVAL: "0.05" } });
    const clients = await connectMany(2);
    const [staying, leaving] = clients as [WebSocketClient, WebSocketClient];
    await staying.next("notification");
    const now = Date.now();
    server.process.kill("SIGTERM");

    // All active clients receive a shutdown notice.
    for (const client of clients) {
      const notice = await client.next("shutdown_notice");
      expect(notice.message).toBeString();
      expect(notice.deadline).toBeWithin(now + 1_799_000, now + 1_810_000);
    }
    // Progress shows the active connections and the remaining time, with the process id.
    const progress = JSON.parse(await server.waitForLog(/"msg":"draining"/));
    expect(progress).toMatchObject({ pid: server.process.pid, connections_left: 2 });
    expect(progress.seconds_left).toBeWithin(1795, 1801);
    // New connections are rejected.
    await expect(WebSocketClient.open(url)).rejects.toThrow("could not connect");
    expect((await curl([`${url}/ready`])).json).toEqual({ status: "draining" });
    // Background tasks are cancelled.
    const told = staying.received.length;
    await Bun.sleep(200);
    expect(staying.received.slice(told)).toEqual([]);
    // It waits for all active connections to close naturally; they can go on meanwhile.
    leaving.send("Good-bye");
    expect(await staying.next("echo")).toMatchObject({ message: "Good-bye" });
    await leaving.close();
    expect(server.process.exitCode).toBeNull();
    await staying.close();
    expect(await server.process.exited).toBe(0);
  });
});

describe("troubleshooting", () => {
  test("the WebSocket endpoint is checked with curl at /status", async () => {
    await serve();
    await connect();
    const answer = await curl([`${url}/status`]);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ active_connections: 1, state: "ready", broker: { kind: "memory" } });
  });
});
