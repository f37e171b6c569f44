import { describe, expect, test } from "bun:test";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { freshTopic, useServer } from "./use-server.ts";

const upgrade = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

async function refusal(url: string, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/ws?${query}`, { headers: { ...upgrade, ...headers } });
  const body = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, headers: response.headers, ...body.error };
}

describe("connecting", () => {
  const server = useServer({ maxConnections: 4, corsOrigins: ["https://app.example"] });

  test.each([
    ["a bad topic", "topics=a,b%20c", "topics"],
    ["a bad user id", "user_id=a/b", "user_id"],
    ["a bad role", "client=root", "client"],
    ["a bad name", "name=a%00b", "name"],
    ["a bad cursor", "since=nonsense", "since"],
  ])("with %s is answered 422, and says which parameter", async (_, query, named) => {
    const { status, code, message } = await refusal(server.url, query);
    expect([status, code]).toEqual([422, "invalid"]);
    expect(message).toContain(`${named}:`);
  });

  test("with more topics than a connection may read is answered 413", async () => {
    const query = `topics=${Array.from({ length: 1001 }, (_, index) => index).join(",")}`;
    expect(await refusal(server.url, query)).toMatchObject({ status: 413, code: "too_large" });
  });

  test("from a foreign page is answered 403; from our own, a listed one or no page it is not", async () => {
    const foreign = await refusal(server.url, "", { origin: "https://evil.example" });
    expect([foreign.status, foreign.code]).toEqual([403, "forbidden"]);
    expect((await refusal(server.url, "", { origin: "null" })).status).toBe(403);
    for (const origin of [server.url, "https://app.example"]) {
      const client = await server.open("topics=", { origin });
      expect((await client.next("welcome")).type).toBe("welcome");
    }
  });

  test("without an upgrade is answered 426, and told what this is", async () => {
    const response = await fetch(`${server.url}/ws`);
    expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect(await response.text()).toContain("WebSocket");
  });

  test("beyond MAX_CONNECTIONS is answered 503 with a reason and when to try again; a leaver makes room", async () => {
    const full = await startTestServer({ maxConnections: 3 });
    const clients: WebSocketClient[] = [];
    try {
      for (let count = 0; count < 3; count++) clients.push(await WebSocketClient.welcomed(full.url));
      const { status, code, message, headers } = await refusal(full.url, "");
      expect([status, code, headers.get("retry-after")]).toEqual([503, "unavailable", "2"]);
      expect(message).toContain("3");
      await clients.pop()!.close();
      await until(async () => {
        const client = await WebSocketClient.open(full.url).catch(() => null);
        if (client !== null) clients.push(client);
        return client !== null;
      });
    } finally {
      for (const client of clients) await client.close();
      await full.stop();
    }
  });

  test("all at once: no more than MAX_CONNECTIONS come in", async () => {
    const full = await startTestServer({ maxConnections: 5 });
    const attempts = Array.from({ length: 25 }, () => WebSocketClient.open(full.url).catch(() => null));
    const clients = (await Promise.all(attempts)).filter((client) => client !== null);
    expect(clients).toHaveLength(5);
    for (const client of clients) await client.close();
    await full.stop();
  });
});

describe("while draining", () => {
  test("newcomers are answered 503 and when to try again; those connected are told, and keep every command", async () => {
    const draining = await startTestServer();
    const client = await WebSocketClient.welcomed(draining.url, "topics=t");
    const drained = draining.drain();
    const notice = await client.next("shutdown_notice");
    expect(notice.deadline).toBeGreaterThan(Date.now());
    expect(notice.reconnect_after_ms).toBeGreaterThanOrEqual(0);
    const { status, code, headers } = await refusal(draining.url, "");
    expect([status, code, headers.get("retry-after")]).toEqual([503, "draining", "2"]);
    expect(await client.request({ type: "publish", topic: "t", message: "m" })).toMatchObject({ offset: 1 });
    expect((await client.request({ type: "subscribe", topic: "other" })).type).toBe("subscribed");
    await client.close();
    await drained;
  });
});

describe("while connected", () => {
  const server = useServer({ topicsPerConnectionMax: 3, maxFrameBytes: 2000 });

  test("fifty bad frames end the connection with 4429, each of them answered", async () => {
    const client = await server.connect();
    for (let count = 0; count < 49; count++) client.send("{bad");
    await client.request({ type: "ping" });
    client.send("{bad");
    expect(await client.closed).toEqual({ code: 4429, reason: "too many bad or too fast frames" });
    expect(client.received.filter(({ type }) => type === "error").length).toBeGreaterThanOrEqual(49);
  });

  test("frames that are refused for what they ask are not bad: hundreds of them end nothing", async () => {
    const client = await server.connect("topics=&client=user");
    for (let count = 0; count < 200; count++) client.send("let me speak");
    expect((await client.request({ type: "ping" })).type).toBe("pong");
  });

  test("topics are bound, one by one and at once; leaving one makes room", async () => {
    const client = await server.connect();
    const topics = [freshTopic(), freshTopic(), freshTopic(), freshTopic()];
    for (const topic of topics.slice(0, 3)) await client.request({ type: "subscribe", topic });
    const refused = await client.request({ type: "subscribe", topic: topics[3] });
    expect([refused.type, refused.code, refused.topic]).toEqual(["error", "too_large", topics[3]]);
    expect(refused.message).toContain("at most 3");
    const many = await client.request({ type: "subscribe", topics });
    expect([many.type, many.code]).toEqual(["error", "too_large"]);
    await client.request({ type: "unsubscribe", topic: topics[0] });
    expect((await client.request({ type: "subscribe", topic: topics[3] })).type).toBe("subscribed");
  });

  test("a frame beyond MAX_FRAME ends the connection with 1009", async () => {
    const client = await server.connect();
    client.send("x".repeat(2001));
    expect((await client.closed).code).toBe(1009);
  });
});
