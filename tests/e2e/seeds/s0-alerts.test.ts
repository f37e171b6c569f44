/**
 * "Realtime Alert WebSocket Server": what its README says, as its users would try it. They change the address, and
 * nothing else.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, createConfig } from "../../../src/config/index.ts";
import { type CurlAnswer, curl } from "../../support/curl.ts";
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

async function connect(query = ""): Promise<WebSocketClient & { welcome: Frame }> {
  const client = await WebSocketClient.welcomed(url, query);
  cleanUps.push(() => client.close());
  return client;
}

const json = ["-H", "Content-Type: application/json"];

async function raise(alert: object): Promise<CurlAnswer> {
  return await curl(["-X", "POST", `${url}/alerts/`, ...json, "-d", JSON.stringify(alert)]);
}

async function history(query = ""): Promise<Frame[]> {
  const answer = await curl([`${url}/alerts/history${query}`]);
  expect(answer.status).toBe(200);
  return answer.json.alerts;
}

const messagesOf = (publications: readonly Frame[]) => publications.map(({ message }) => message);
const numbered = (word: string, from: number, until: number) =>
  Array.from({ length: until - from + 1 }, (_, index) => `${word} ${from + index}`);

/** What a client that was last here at the beginning of a topic is told. */
async function resume(topic: string, epoch: string): Promise<{ recovered: boolean; replayed: Frame[] }> {
  const client = await connect(`topics=${topic}&since=${topic}:${epoch}:0`);
  await client.request({ type: "ping" });
  return { recovered: client.welcome.topics[0].recovered, replayed: [...client.unread] };
}

/** Waits until a topic's own history, whose age is bound, holds nothing any more. */
async function waitUntilAged(topic: string, epoch: string): Promise<void> {
  await until(async () => {
    const answer = await curl([`${url}/topics/${topic}/history?since=${epoch}:0`]);
    return answer.json.publications.length === 0;
  });
}

describe("running the server", () => {
  test("if port 8000 is in use, another one is given with --port; all data is stored in-memory", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fanfare-alerts-"));
    cleanUps.push(() => rm(folder, { recursive: true }));
    // A port that was free a moment ago.
    const placeholder = Bun.serve({ port: 0, fetch: () => new Response() });
    const port = String(placeholder.port);
    await placeholder.stop(true);
    const start = async (): Promise<SpawnedServer> => {
      const server = await spawnServer({ args: ["--port", port], cwd: folder });
      cleanUps.push(() => server.stop());
      return server;
    };

    const first = await start();
    url = first.url;
    expect(first.port).toBe(Number(port));
    expect((await raise({ message: "Disk almost full" })).status).toBe(201);
    expect(await history()).toHaveLength(1);
    await first.stop();

    await start();
    expect(await history()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("alerts", () => {
  test("POST /alerts/ creates and broadcasts a new alert", async () => {
    await serve();
    const clients = [await connect(), await connect("user_id=alice"), await connect("topics=alerts")];
    const answer = await raise({ message: "Disk almost full", severity: "high", host: "db-1" });
    expect(answer.status).toBe(201);
    expect(answer.contentType).toBe("application/json");
    const alert = {
      type: "alert",
      topic: "alerts",
      offset: 1,
      ts: expect.any(Number),
      message: "Disk almost full",
      data: { severity: "high", host: "db-1" },
    };
    expect(answer.json).toEqual(alert);
    expect(answer.json.ts).toBeWithin(Date.now() - 10_000, Date.now() + 1);
    for (const client of clients) expect(await client.next("alert")).toEqual(answer.json);
  });

  test("POST /alerts does the same without the slash", async () => {
    await serve();
    const client = await connect();
    const answer = await curl(["-X", "POST", `${url}/alerts`, ...json, "-d", '{"message":"short"}']);
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({ ...(await client.next("alert")), message: "short" });
    expect(answer.json).not.toHaveProperty("data");
  });

  test("GET /alerts/history retrieves recent alerts, oldest first", async () => {
    await serve();
    expect(await history()).toEqual([]);
    const raised: Frame[] = [];
    for (const message of numbered("alert", 1, 3)) {
      raised.push((await raise({ message, severity: "low" })).json);
    }
    expect(await history()).toEqual(raised);
    expect(await history("/")).toEqual(raised);
    expect(await history("?limit=2")).toEqual(raised.slice(1));
    expect(await history("?limit=0")).toEqual([]);
    expect(await history("?limit=9007199254740991")).toEqual(raised);
  });

  test("alerts are stored in a bounded deque: maximum capacity 100, configurable, first in first out", async () => {
    expect(createConfig()).toMatchObject({ alertHistory: 100, chatHistory: 100 });
    await serve({ alertHistory: 3 });
    for (const message of numbered("alert", 1, 5)) await raise({ message });
    expect(messagesOf(await history())).toEqual(numbered("alert", 3, 5));
    await raise({ message: "alert 6" });
    expect(messagesOf(await history())).toEqual(numbered("alert", 4, 6));
    expect(messagesOf(await history("?limit=2"))).toEqual(numbered("alert", 5, 6));
  });

  test("a capacity of 0 keeps no alert, and broadcasts all the same", async () => {
    await serve({ alertHistory: 0 });
    const client = await connect();
    expect((await raise({ message: "x" })).status).toBe(201);
    expect((await client.next("alert")).message).toBe("x");
    expect(await history()).toEqual([]);
  });

  test("alerts are kept whatever their age", async () => {
    await serve({ historyAgeMs: 50, alertHistory: 4 });
    const { welcome } = await connect("topics=alerts");
    const { epoch } = welcome.topics[0];
    for (const message of numbered("alert", 1, 5)) await raise({ message });
    await waitUntilAged("alerts", epoch);
    expect((await resume("alerts", epoch)).recovered).toBe(false);
    expect(messagesOf(await history())).toEqual(numbered("alert", 2, 5));
    // They are in the topic's history too, over REST and WebSocket, with their positions.
    const rest = await curl([`${url}/topics/alerts/history`]);
    expect(rest.json).toMatchObject({ epoch, offset: 5 });
    expect(rest.json.publications.map(({ offset }: Frame) => offset)).toEqual([2, 3, 4, 5]);
    const client = await connect();
    const page = await client.request({ type: "history", topic: "alerts", limit: 2 });
    expect(page).toMatchObject({ epoch, offset: 5 });
    expect(messagesOf(page.publications)).toEqual(numbered("alert", 4, 5));
  });

  test("few that are kept never shorten a resume", async () => {
    await serve({ alertHistory: 2 });
    const { welcome } = await connect("topics=alerts");
    for (const message of numbered("alert", 1, 8)) await raise({ message });
    const { recovered, replayed } = await resume("alerts", welcome.topics[0].epoch);
    expect(recovered).toBe(true);
    expect(messagesOf(replayed)).toEqual(numbered("alert", 1, 8));
    expect(messagesOf(await history())).toEqual(numbered("alert", 7, 8));
  });

  test("connections are managed safely: fifty alerts at once reach every client once, in one order", async () => {
    await serve();
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect()));
    const post = (message: string) =>
      fetch(`${url}/alerts/`, { method: "POST", body: JSON.stringify({ message }) });
    const answers = await Promise.all(numbered("alert", 1, 50).map(post));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const stored = await history();
    expect(messagesOf(stored).sort()).toEqual(numbered("alert", 1, 50).sort());
    expect(stored.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    for (const client of clients) {
      await client.next(({ offset, topic }) => topic === "alerts" && offset === 50);
      expect(client.received.filter(({ type }) => type === "alert")).toEqual(stored);
    }
  });

  test("an alert generator makes sample alerts at an interval; it is off by default", async () => {
    expect(createConfig().alertGeneratorIntervalMs).toBe(0);
    await serve({ alertGeneratorIntervalMs: 10 });
    const client = await connect();
    const alert = await client.next("alert");
    expect(alert).toMatchObject({ topic: "alerts", message: expect.any(String), data: { sample: true } });
    expect(["low", "medium", "high", "critical"]).toContain(alert.data.severity);
    expect((await history()).length).toBeGreaterThan(0);
  });
});

describe("chat messages", () => {
  test("GET /ws connects to the WebSocket for real-time chat messages, broadcast to all who are connected", async () => {
    await serve();
    const alice = await connect("name=Alice");
    const others = [await connect(), await connect("user_id=bob"), alice];
    alice.send("Hello, everybody");
    for (const client of others) {
      expect(await client.next("echo")).toMatchObject({ topic: "chat", message: "Hello, everybody" });
    }
  });

  test("a chat message includes sender information and timestamp", async () => {
    await serve();
    const reader = await connect("topics=chat");
    const senders = [
      [await connect("name=Alice"), /^Alice$/],
      [await connect("user_id=bob&name=Robert"), /^bob$/],
      [await connect(), /^guest-[A-Za-z0-9_-]{6}$/],
    ] as const;
    for (const [client, expected] of senders) {
      const before = Date.now();
      client.send("Hello");
      const message = await reader.next("echo");
      expect(message.sender).toMatch(expected);
      expect(message.ts).toBeWithin(before, Date.now() + 1);
    }
  });

  test("chat messages are stored in a bounded deque: configurable, first in first out, whatever their age", async () => {
    await serve({ historyAgeMs: 50, chatHistory: 3 });
    const client = await connect("name=Alice");
    const { epoch } = client.welcome.topics[0];
    for (const message of numbered("message", 1, 5)) client.send(message);
    await client.next(({ message }) => message === "message 5");
    await waitUntilAged("chat", epoch);
    const page = await client.request({ type: "history", topic: "chat" });
    expect(page).toMatchObject({ epoch, offset: 5 });
    expect(messagesOf(page.publications)).toEqual(numbered("message", 3, 5));
    for (const kept of page.publications) expect(kept).toMatchObject({ type: "echo", sender: "Alice" });
    const rest = await curl([`${url}/topics/chat/history?reverse=true`]);
    expect(messagesOf(rest.json.publications)).toEqual(numbered("message", 3, 5).reverse());
    expect(await resume("chat", epoch)).toEqual({ recovered: false, replayed: [] });
  });
});

describe("what is wrong is refused with a clear error, and nothing is lost", () => {
  /** A request's arguments, its body, and the error that it gets. */
  type Case = readonly [name: string, input: string | Uint8Array, status: number, code: string, says: RegExp];

  const large = (bytes: number) => `{"message":"${"x".repeat(bytes)}"}`;
  const cases: Case[] = [
    ["no body", "", 422, "invalid", /^body: must be a JSON object$/],
    ["no message", '{"severity":"high"}', 422, "invalid", /^message: is needed$/],
    ["a message that is a number", '{"message":1}', 422, "invalid", /^message: must be string$/],
    ["a message that is null", '{"message":null}', 422, "invalid", /^message: must be string$/],
    ["a severity that is a list", '{"message":"x","severity":[]}', 422, "invalid", /^severity: must be/],
    ["a severity without end", `{"message":"x","severity":"${"x".repeat(65)}"}`, 422, "invalid", /^severity/],
    ["a list", '["x"]', 422, "invalid", /^body: must be a JSON object$/],
    ["a word", '"x"', 422, "invalid", /^body: must be a JSON object$/],
    ["broken JSON", '{"message":"x"', 400, "bad_request", /not valid JSON/],
    ["a form", "message=x", 400, "bad_request", /not valid JSON/],
    ["invalid UTF-8", Buffer.from('{"message":"\xff"}', "latin1"), 400, "bad_request", /not valid UTF-8/],
    [
      "nesting without end",
      `{"message":"x","a":${"[".repeat(500)}${"]".repeat(500)}}`,
      422,
      "invalid",
      /deep/,
    ],
    ["more than a frame takes", large(70_000), 413, "too_large", /65536 bytes/],
    ["more than a body takes", large(1_100_000), 413, "too_large", /1048576 bytes/],
    ["10 MB", large(10_000_000), 413, "too_large", /1048576 bytes/],
  ];

  test("POST /alerts/ with a bad body", async () => {
    await serve();
    const client = await connect();
    const arguments_ = ["-X", "POST", ...json, "--data-binary", "@-"];
    for (const [name, input, status, code, says] of cases) {
      for (const more of [[], ["-H", "Transfer-Encoding: chunked"]]) {
        const answer = await curl([...arguments_, ...more, `${url}/alerts/`], input);
        expect([name, answer.status, answer.contentType]).toEqual([name, status, "application/json"]);
        expect(answer.json).toEqual({ error: { code, message: expect.stringMatching(says) } });
      }
    }
    expect((await raise({ message: "still here" })).json.offset).toBe(1);
    expect(await client.next("alert")).toMatchObject({ offset: 1, message: "still here" });
  });

  test("POST /alerts/ with another type of content, and other methods", async () => {
    await serve();
    const other = await curl(["-X", "POST", `${url}/alerts/`, "-H", "Content-Type: text/xml", "-d", "<a/>"]);
    expect([other.status, other.json.error.code]).toEqual([415, "bad_request"]);
    for (const [method, path] of [
      ["GET", "/alerts/"],
      ["PUT", "/alerts/"],
      ["POST", "/alerts/history"],
    ] as const) {
      const answer = await curl(["-X", method, url + path]);
      expect([answer.status, answer.json.error.code]).toEqual([405, "bad_request"]);
    }
  });

  test("GET /alerts/history with an absurd limit", async () => {
    await serve();
    await raise({ message: "kept" });
    for (const limit of ["-1", "1.5", "many", "99999999999999999999", "NaN", "", "%00", "1%2C2"]) {
      const answer = await curl([`${url}/alerts/history?limit=${limit}`]);
      expect([limit, answer.status]).toEqual([limit, 422]);
      expect(answer.json).toEqual({
        error: { code: "invalid", message: "limit: must be a whole number from 0 on" },
      });
    }
    expect(messagesOf(await history())).toEqual(["kept"]);
  });

  test("what a client may not know is data: names of prototypes, of the wire format and of paths", async () => {
    await serve();
    const fields = '"__proto__":{"a":1},"type":"welcome","topic":"x","offset":9,"ts":1,"sender":"Eve"';
    const answer = await curl(["-X", "POST", `${url}/alerts/`, "-d", `{"message":"x",${fields}}`]);
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ type: "alert", topic: "alerts", offset: 1, message: "x" });
    expect(answer.json).not.toHaveProperty("sender");
    expect(answer.body).toContain(`"data":{${fields}}`);
    expect(({} as Frame).a).toBeUndefined();
  });
});
