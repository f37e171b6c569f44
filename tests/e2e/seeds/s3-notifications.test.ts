/**
 * "Real-Time Notification System": what its README says, as its users would try it. They change the address, and
 * nothing else; where a plain connection must be receive-only as there, the server is given DEFAULT_CLIENT=user.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { type Config, createConfig } from "../../../src/config/index.ts";
import { curl } from "../../support/curl.ts";
import { findPython } from "../../support/python.ts";
import { spawnServer, startTestServer } from "../../support/server.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

let url: string;

/** A server whose plain connections are those of that README. */
async function serve(overrides: Partial<Config> = {}): Promise<void> {
  const server = await startTestServer({ defaultClient: "user", ...overrides });
  cleanUps.push(() => server.stop());
  url = server.url;
}

async function connect(query = ""): Promise<WebSocketClient & { welcome: Frame }> {
  const client = await WebSocketClient.welcomed(url, query);
  cleanUps.push(() => client.close());
  return client;
}

/** Sends texts as an admin, and waits until they are published. */
async function broadcast(...texts: string[]): Promise<void> {
  const admin = await connect("client=admin&topics=");
  for (const message of texts) {
    expect((await admin.request({ type: "notification", message })).type).toBe("ack");
  }
  await admin.close();
}

/** The notifications that a new connection is brought up to date with, as offsets and texts. */
async function toldTo(query: string): Promise<[number, string][]> {
  const client = await connect(query);
  await client.request({ type: "ping" });
  const told = client.received.filter(({ topic }) => topic === "notifications");
  // Right after the welcome.
  expect(client.received.slice(0, told.length + 1)).toEqual([client.welcome, ...told]);
  return told.map(({ offset, message }) => [offset, message]);
}

const recentMessages = async (): Promise<string[]> => (await curl([`${url}/messages`])).json.recent_messages;
const notAuthorized = { type: "error", code: "forbidden", message: "You are not authorized" };
const numbered = (from: number, until: number) =>
  Array.from({ length: until - from + 1 }, (_, index): [number, string] => [
    from + index,
    `n${from + index}`,
  ]);

describe("HTTP endpoints", () => {
  test("GET / is the root endpoint", async () => {
    await serve();
    const answer = await curl([`${url}/`]);
    expect(answer.status).toBe(200);
    expect(answer.contentType).toStartWith("application/json");
    expect(answer.body).toBe('{"message":"Fanfare real-time notifications running!"}');
  });

  test("GET /health is a health check with cache status", async () => {
    await serve();
    await connect();
    await connect();
    await broadcast("a", "b", "c", "d", "e", "f");
    await until(async () => (await curl([`${url}/health`])).json.connected_websockets === 2);
    const answer = await curl([`${url}/health`]);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      status: "healthy",
      cache_status: "fallback",
      recent_notifications_count: 5,
      connected_websockets: 2,
    });
  });

  test("GET /messages gets recent notifications from the cache", async () => {
    await serve();
    expect((await curl([`${url}/messages`])).body).toBe('{"recent_messages":[]}');
    await broadcast("msg1", "msg2");
    await curl(["-X", "POST", `${url}/notify?message=msg3`]);
    expect((await curl([`${url}/messages`])).body).toBe('{"recent_messages":["msg1","msg2","msg3"]}');
    // Strings, whatever was sent.
    await curl(["-X", "POST", `${url}/notify`, "-d", '{"data":{"build":7}}']);
    expect(await recentMessages()).toEqual(["msg1", "msg2", "msg3", '{"build":7}']);
  });
});

describe("admin and user client types", () => {
  test("connect as admin: any message is broadcast to all connected clients", async () => {
    await serve();
    const admin = await connect("client=admin&name=Root");
    expect(admin.welcome.role).toBe("admin");
    const clients = [await connect(), await connect("client=user"), await connect("client=admin"), admin];
    admin.send("Hello World!");
    for (const client of clients) {
      expect(await client.next("notification")).toEqual({
        type: "notification",
        topic: "notifications",
        offset: 1,
        ts: expect.any(Number),
        sender: "Root",
        message: "Hello World!",
      });
    }
    for (const text of ["42", '"quoted"', '{"message":"an object"}', "", "two\nlines"]) admin.send(text);
    const texts: string[] = [];
    for (let count = 0; count < 5; count++) texts.push((await clients[0]!.next("notification")).message);
    expect(texts).toEqual(["42", '"quoted"', "an object", "", "two\nlines"]);
  });

  test("connect as user, which is the default: an admin-prefixed message is broadcast without its prefix", async () => {
    await serve();
    for (const query of ["", "client=user", "client="]) {
      const user = await connect(query);
      expect(user.welcome.role).toBe("user");
      const other = await connect();
      user.send("admin:Hello World!");
      const { offset } = await user.next(
        ({ sender }) => sender === `guest-${user.welcome.connection_id.slice(0, 6)}`,
      );
      const heard = await other.next((frame) => frame.offset === offset);
      expect(heard).toMatchObject({ type: "notification", message: "Hello World!" });
    }
  });

  test('a user is receive-only: regular messages receive "You are not authorized", and reach nobody', async () => {
    await serve();
    const user = await connect();
    const other = await connect("topics=chat,notifications,alerts,news");
    const regular = [
      "Hello World!",
      "",
      "Admin:Hello",
      " admin:Hello",
      { message: "Hello" },
      { type: "notification", message: "Hello" },
      { type: "publish", topic: "news", message: "Hello" },
    ];
    for (const message of regular) {
      user.send(message);
      expect(await user.next("error")).toEqual(notAuthorized);
    }
    await other.request({ type: "ping" });
    expect(other.unread).toEqual([]);
    expect(await recentMessages()).toEqual([]);
  });

  test("a user may subscribe, ask, ping and respond", async () => {
    await serve();
    const user = await connect();
    const answers: [Frame, string][] = [
      [{ type: "subscribe", topic: "news" }, "subscribed"],
      [{ type: "history", topic: "notifications" }, "history"],
      [{ type: "presence", topic: "notifications" }, "presence"],
      [{ type: "status_request" }, "status"],
      [{ type: "ping" }, "pong"],
      [{ type: "unsubscribe", topic: "news" }, "unsubscribed"],
    ];
    for (const [command, type] of answers) expect((await user.request(command)).type).toBe(type);
    const respond = await user.request({ type: "response", correlation_id: "unknown", data: 1 });
    expect(respond.code).toBe("not_found");
  });

  test("without DEFAULT_CLIENT a plain connection chats, and client=user is receive-only all the same", async () => {
    expect(createConfig().defaultClient).toBe("chat");
    await serve({ defaultClient: "chat" });
    const plain = await connect();
    expect(plain.welcome.role).toBe("chat");
    plain.send("Hello");
    expect(await plain.next("echo")).toMatchObject({ topic: "chat", message: "Hello" });
    const user = await connect("client=user");
    user.send("Hello");
    expect(await user.next("error")).toEqual(notAuthorized);
    for (const client of [plain, user]) client.send("admin:Hello");
    expect((await plain.next("notification")).offset).toBe(1);
    expect((await plain.next("notification")).offset).toBe(2);
  });

  test("DEFAULT_CLIENT=admin makes every plain connection an admin", async () => {
    await serve({ defaultClient: "admin" });
    const plain = await connect();
    plain.send("Hello");
    expect(await plain.next("notification")).toMatchObject({ message: "Hello" });
  });

  test("another client type is refused, and says why", async () => {
    await serve();
    const upgrade = [
      "-H",
      "Connection: Upgrade",
      "-H",
      "Upgrade: websocket",
      "-H",
      "Sec-WebSocket-Version: 13",
    ];
    const key = ["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
    for (const client of ["root", "Admin", "chat", "admin%00", "x".repeat(5000)]) {
      const answer = await curl([...upgrade, ...key, `${url}/ws?client=${client}`]);
      expect([answer.status, answer.json]).toEqual([
        422,
        { error: { code: "invalid", message: "client: must be admin or user" } },
      ]);
    }
  });
});

describe("message flow", () => {
  test("when a client connects, it receives the last 5 notifications, oldest first, with their offsets", async () => {
    expect(createConfig()).toMatchObject({ recentNotifications: 5, recentTtlMs: 3_600_000 });
    await serve();
    expect(await toldTo("")).toEqual([]);
    await broadcast("n1", "n2", "n3");
    expect(await toldTo("")).toEqual(numbered(1, 3));
    await broadcast("n4", "n5", "n6", "n7");
    for (const query of ["", "client=user", "client=admin", "user_id=alice&name=Alice"]) {
      expect(await toldTo(query)).toEqual(numbered(3, 7));
    }
    expect(await recentMessages()).toEqual(["n3", "n4", "n5", "n6", "n7"]);
  });

  test("who names topics or a position is not told of recent ones: neither twice nor unasked", async () => {
    await serve();
    const { welcome } = await connect();
    const { epoch } = welcome.topics.find(({ topic }: Frame) => topic === "notifications");
    await broadcast("n1", "n2", "n3");
    expect(await toldTo("topics=notifications")).toEqual([]);
    expect(await toldTo("topics=chat,notifications")).toEqual([]);
    expect(await toldTo("topics=")).toEqual([]);
    expect(await toldTo(`since=notifications:${epoch}:1`)).toEqual(numbered(2, 3));
    expect(await toldTo(`since=notifications:${epoch}:3`)).toEqual([]);
    expect(await toldTo(`topics=notifications&since=notifications:${epoch}:2`)).toEqual(numbered(3, 3));
  });

  test("a notification that comes while clients connect reaches each of them once", async () => {
    await serve();
    const admin = await connect("client=admin&topics=");
    const sending = (async () => {
      for (let number = 1; number <= 40; number++) {
        await admin.request({ type: "notification", message: `n${number}` });
      }
    })();
    const clients: WebSocketClient[] = [];
    for (let count = 0; count < 15; count++) clients.push(await connect());
    await sending;
    for (const client of clients) {
      await client.next(({ offset, topic }) => topic === "notifications" && offset === 40);
      const seen = client.received
        .filter(({ topic }) => topic === "notifications")
        .map(({ offset }) => offset);
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => 41 - seen.length + index));
    }
  });

  test("notifications are stored with an expiry (RECENT_TTL), whatever the age of the history", async () => {
    await serve({ recentTtlMs: 1000, historyAgeMs: 50 });
    await broadcast("n1");
    await until(async () => {
      const history = await curl([`${url}/topics/notifications/history`]);
      return history.json.publications.length === 0;
    });
    expect(await toldTo("")).toEqual(numbered(1, 1));
    await until(async () => (await recentMessages()).length === 0);
    expect(await toldTo("")).toEqual([]);
    await broadcast("n2");
    expect(await toldTo("")).toEqual(numbered(2, 2));
    expect((await curl([`${url}/health`])).json.recent_notifications_count).toBe(1);
  });

  test("only the last so many are kept (RECENT_NOTIFICATIONS); 0 is none", async () => {
    await serve({ recentNotifications: 2 });
    await broadcast("n1", "n2", "n3");
    expect(await toldTo("")).toEqual(numbered(2, 3));
    await serve({ recentNotifications: 0 });
    await broadcast("n1", "n2", "n3");
    expect(await toldTo("")).toEqual([]);
    expect(await recentMessages()).toEqual([]);
    expect((await curl([`${url}/health`])).json.recent_notifications_count).toBe(0);
  });

  test("periodic notifications are not counted among the recent ones", async () => {
    await serve({ notificationIntervalMs: 10 });
    await broadcast("n1");
    const client = await connect();
    for (let count = 0; count < 7; count++) await client.next(({ message }) => /^Periodic/.test(message));
    expect(await recentMessages()).toEqual(["n1"]);
    const late = await connect();
    expect((await late.next("notification")).message).toBe("n1");
  });
});

describe("testing with a WebSocket client", () => {
  const wscat = new URL("../../../node_modules/wscat/bin/wscat", import.meta.url).pathname;
  const node = Bun.which("node") ?? process.execPath;

  async function openTerminal(path: string): Promise<TerminalProgram> {
    const program = new TerminalProgram([node, wscat, "--no-color", "-c", url.replace("http", "ws") + path]);
    cleanUps.push(() => program.stop());
    await program.shows(/"type":"welcome"/);
    return program;
  }

  test("open multiple connections to see broadcasting in action, with wscat", async () => {
    await serve();
    const [admin, user] = await Promise.all([openTerminal("/ws?client=admin"), openTerminal("/ws")]);
    admin.type("Test notification 1");
    admin.type("Test notification 2");
    for (const program of [admin, user]) {
      await program.shows(/"offset":1,.*"message":"Test notification 1"/);
      await program.shows(/"offset":2,.*"message":"Test notification 2"/);
    }
    user.type("Hello");
    await user.shows(/"type":"error","code":"forbidden","message":"You are not authorized"/);
    user.type("admin:Hello World!");
    await admin.shows(/"type":"notification","topic":"notifications","offset":3,.*"message":"Hello World!"/);
    const late = await openTerminal("/ws");
    await late.shows(/Test notification 1.*Test notification 2.*Hello World!/s);
  });

  test("the same in Python, with its `websockets` library", async () => {
    await serve();
    const program = `
import asyncio, json, sys
from websockets import connect
address = sys.argv[1]

async def receive(client):
    return json.loads(await client.recv())

async def main():
    async with connect(address) as user, connect(address + "?client=admin") as admin:
        for client in (user, admin):
            assert (await receive(client))["type"] == "welcome"
        await admin.send("Hello World!")
        for client in (user, admin):
            print((await receive(client))["message"])
        await user.send("Hello")
        print((await receive(user))["message"])
        await user.send("admin:Hello again")
        print((await receive(admin))["message"])

asyncio.run(main())
`;
    const child = Bun.spawn([findPython(), "-c", program, `${url.replace("http", "ws")}/ws`]);
    expect((await child.stdout.text()).trim().split("\n")).toEqual([
      "Hello World!",
      "Hello World!",
      "You are not authorized",
      "Hello again",
    ]);
    expect(await child.exited).toBe(0);
  });
});

describe("environment variables and cache", () => {
  test("without Memcached it starts and keeps notifications in memory; MEMCACHED_HOST and _PORT get a warning", async () => {
    const server = await spawnServer({
      args: ["--host", "127.0.0.1", "--port", "0"],
      env: { MEMCACHED_HOST: "memcached", MEMCACHED_PORT: "11211", DEFAULT_CLIENT: "user", PORT: "" },
    });
    cleanUps.push(() => server.stop());
    url = server.url;
    expect(await server.waitForLog(/MEMCACHED_HOST, MEMCACHED_PORT have no effect/)).toContain(
      '"level":"WARNING"',
    );
    await broadcast("n1");
    expect(await toldTo("")).toEqual(numbered(1, 1));
    expect((await curl([`${url}/health`])).json).toMatchObject({
      cache_status: "fallback",
      recent_notifications_count: 1,
    });
  });
});

describe("what is wrong gets a clear error, nothing is lost and the server lives", () => {
  test("over WebSocket: broken JSON, unknown types, wrong types, binary frames", async () => {
    await serve();
    const admin = await connect("client=admin");
    const cases: [Frame | string, string][] = [
      ['{"message":', "bad_request"],
      ['{"type":"shout","message":"x"}', "bad_request"],
      ['{"type":7}', "bad_request"],
      [{ message: 7 }, "invalid"],
      [{ type: "notification" }, "invalid"],
      [{ type: "history", topic: "no spaces" }, "invalid"],
      [{ type: "history", topic: "notifications", limit: -1 }, "invalid"],
      [{ type: "history", topic: "notifications", limit: 1e300 }, "invalid"],
    ];
    for (const [frame, code] of cases) {
      admin.send(frame);
      expect(await admin.next("error")).toMatchObject({ code, message: expect.any(String) });
    }
    admin.socket.send(new Uint8Array([1, 2, 3]));
    expect(await admin.next("error")).toMatchObject({ code: "bad_request" });
    admin.send("still here");
    expect(await admin.next("notification")).toMatchObject({ offset: 1, message: "still here" });
    expect(await recentMessages()).toEqual(["still here"]);
  });

  test("over WebSocket: a frame of 10 MB ends that connection alone", async () => {
    await serve();
    const other = await connect();
    const admin = await connect("client=admin");
    admin.send("x".repeat(10_000_000));
    expect((await admin.closed).code).not.toBe(1000);
    await broadcast("still here");
    expect(await other.next("notification")).toMatchObject({ offset: 1, message: "still here" });
  });

  test("over HTTP: what the routes do not take", async () => {
    await serve();
    for (const [method, path] of [
      ["POST", "/messages"],
      ["DELETE", "/messages"],
      ["POST", "/health"],
      ["POST", "/"],
    ] as const) {
      const answer = await curl(["-X", method, url + path, "--data-binary", "@-"], "x".repeat(10_000_000));
      expect([path, answer.status, answer.json.error.code]).toEqual([path, 405, "bad_request"]);
    }
    const missing = await curl([`${url}/message`]);
    expect([missing.status, missing.json.error.code]).toEqual([404, "not_found"]);
    expect((await curl([`${url}/messages?limit=${"9".repeat(400)}`])).json).toEqual({ recent_messages: [] });
  });
});
