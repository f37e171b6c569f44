import { afterEach, describe, expect, spyOn, test } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { RawConnection } from "../../support/raw-connection.ts";
import { startTestServer } from "../../support/server.ts";
import { SlowReader } from "../../support/slow-reader.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller, type EventReader, tryToRespond } from "./support/bridge-caller.ts";

const leaving: (() => unknown)[] = [];

afterEach(async () => {
  for (const leave of leaving.splice(0).toReversed()) await leave();
});

async function start(config: Partial<Config> = {}): Promise<{ server: RunningServer; caller: BridgeCaller }> {
  const server = await startTestServer(config);
  leaving.push(() => server.stop());
  return { server, caller: new BridgeCaller(server.url) };
}

async function connect(url: string, userId: string): Promise<WebSocketClient> {
  const client = await WebSocketClient.welcomed(url, `user_id=${userId}&topics=`);
  leaving.push(() => client.close());
  return client;
}

/** Asks over a socket whose reading a test can stop; resolves once it was asked. */
async function askRaw(port: number, body: object): Promise<RawConnection> {
  const connection = await RawConnection.connect({ hostname: "127.0.0.1", port });
  leaving.push(() => connection.destroy());
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  connection.write(`POST /sse/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${text}`);
  return connection;
}

const received = (connection: RawConnection) => Buffer.from(connection.received).toString("latin1");

/** Where a chunked answer has come to its good end. */
const lastChunk = "\r\n0\r\n\r\n";

describe("a caller who does not read its answers", () => {
  test("is cut off beyond BACKPRESSURE_LIMIT, and the user's late responses are refused", async () => {
    const { server, caller } = await start({ backpressureLimitBytes: 256 * 1024 });
    const client = await connect(server.url, "alice");
    const slow = await askRaw(server.port, { user_id: "alice", message: "?", correlation_id: "c" });
    const { correlation_id } = await client.next("request");
    slow.pauseReading();
    const part = "x".repeat(60_000);
    let sent = 0;
    await until(async () => {
      sent++;
      return (await tryToRespond(client, correlation_id, part)) === "not_found";
    });
    // What the kernel holds comes on top of the limit.
    expect(sent * part.length).toBeLessThan(32_000_000);
    slow.resumeReading();
    await slow.waitForClose();
    expect(received(slow)).not.toEndWith(lastChunk);
    // Nobody else is any the worse for it.
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "c" });
    await client.next("request");
    client.send({ type: "response", correlation_id: "c", data: 1, final: true });
    expect((await answers.all()).length).toBe(1);
  });

  test("gets the end of the answer in good order where it only reads late", async () => {
    const { server } = await start();
    const client = await connect(server.url, "alice");
    const late = await askRaw(server.port, { user_id: "alice", message: "?", correlation_id: "c" });
    await client.next("request");
    late.pauseReading();
    for (let index = 0; index < 50; index++) {
      client.send({ type: "response", correlation_id: "c", data: "x".repeat(60_000), final: index === 49 });
    }
    await client.request({ type: "ping" });
    late.resumeReading();
    await until(() => received(late).endsWith(lastChunk));
    expect(received(late).split('"data":').length - 1).toBe(50);
  });
});

describe("an asked connection that does not read its requests", () => {
  const question = (size: number) => ({ user_id: "alice", message: "x".repeat(size) });

  test("is closed beyond BACKPRESSURE_LIMIT: a WebSocket, and its callers are told gone", async () => {
    const { server, caller } = await start({ backpressureLimitBytes: 256 * 1024 });
    const slow = await SlowReader.open(server.url, "/ws?user_id=alice&topics=");
    leaving.push(() => slow.destroy());
    slow.stopReading();
    const waiting: EventReader[] = [];
    let status = 200;
    while (status === 200 && waiting.length < 500) {
      const answers = await caller.send(question(60_000));
      status = answers.response.status;
      if (status === 200) waiting.push(answers);
    }
    expect(status).toBe(404);
    for (const answers of waiting) {
      expect(await answers.all()).toMatchObject([{ type: "error", data: { code: "gone" } }]);
    }
  });

  test("is closed beyond BACKPRESSURE_LIMIT: an event stream, and its callers are told gone", async () => {
    const { server, caller } = await start({ backpressureLimitBytes: 256 * 1024 });
    const slow = await RawConnection.connect({ hostname: "127.0.0.1", port: server.port });
    leaving.push(() => slow.destroy());
    slow.write("GET /events?user_id=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => received(slow).includes("event: subscribed"));
    slow.pauseReading();
    const waiting: EventReader[] = [];
    let status = 200;
    while (status === 200 && waiting.length < 500) {
      const answers = await caller.send(question(60_000));
      status = answers.response.status;
      if (status === 200) waiting.push(answers);
    }
    expect(status).toBe(404);
    for (const answers of waiting) {
      expect(await answers.all()).toMatchObject([{ type: "error", data: { code: "gone" } }]);
    }
  });

  test("and is closed while it is being asked leaves the others to answer", async () => {
    const { server, caller } = await start({ backpressureLimitBytes: 256 * 1024 });
    const slow = await RawConnection.connect({ hostname: "127.0.0.1", port: server.port });
    leaving.push(() => slow.destroy());
    slow.write("GET /events?user_id=alice HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => received(slow).includes("event: subscribed"));
    slow.pauseReading();
    const client = await connect(server.url, "alice");
    const streams = async () => {
      const health = (await (await fetch(`${server.url}/health`)).json()) as {
        connected_event_streams: number;
      };
      return health.connected_event_streams;
    };
    let asked = 0;
    while ((await streams()) === 1 && asked++ < 500) {
      const answers = await caller.send({ ...question(60_000), correlation_id: `c${asked}` });
      await client.next("request");
      client.send({ type: "response", correlation_id: `c${asked}`, data: asked, final: true });
      expect((await answers.all()).map(({ data }) => data.data)).toEqual([asked]);
    }
    expect(asked).toBeLessThan(500);
  });
});

describe("while nothing comes", () => {
  test("a heartbeat (SSE_HEARTBEAT) keeps the caller's connection from looking dead", async () => {
    const { server, caller } = await start({ sseHeartbeatMs: 15 });
    const client = await connect(server.url, "alice");
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "c" });
    await until(() => answers.comments >= 4);
    client.send({ type: "response", correlation_id: "c", data: 1, final: true });
    expect((await answers.all()).length).toBe(1);
  });

  test("the connection is not cut for being idle (HTTP_IDLE_TIMEOUT)", async () => {
    const { server, caller } = await start({ httpIdleTimeoutMs: 1000 });
    const client = await connect(server.url, "alice");
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "c" });
    // The runtime looks for idle connections every four seconds.
    await Bun.sleep(5000);
    client.send({ type: "response", correlation_id: "c", data: 1, final: true });
    expect((await answers.all()).length).toBe(1);
  }, 10_000);

  test("a caller that is gone is noticed, although nothing more is written to it", async () => {
    const { server } = await start();
    const client = await connect(server.url, "alice");
    const caller = await askRaw(server.port, { user_id: "alice", message: "?", correlation_id: "c" });
    await client.next("request");
    caller.destroy();
    await until(async () => (await tryToRespond(client, "c", 1)) === "not_found");
  });

  test("a question that was refused leaves no heartbeat behind", async () => {
    const heartbeatMs = 54_321;
    const { server, caller } = await start({ sseHeartbeatMs: heartbeatMs });
    const client = await connect(server.url, "alice");
    const set = spyOn(globalThis, "setInterval");
    const cleared = spyOn(globalThis, "clearInterval");
    const heartbeats = () => {
      const started = set.mock.results.filter((_, index) => set.mock.calls[index]?.[1] === heartbeatMs);
      const stopped = new Set<unknown>(cleared.mock.calls.map(([timer]) => timer));
      return started.filter(({ value }) => !stopped.has(value)).length;
    };
    try {
      const question = { user_id: "alice", message: "?", correlation_id: "c" };
      const answers = await caller.send(question);
      for (let count = 0; count < 5; count++) expect((await caller.post("send", question)).status).toBe(409);
      await until(() => heartbeats() <= 1);
      client.send({ type: "response", correlation_id: "c", data: 1, final: true });
      await answers.all();
      expect(heartbeats()).toBe(0);
    } finally {
      set.mockRestore();
      cleared.mockRestore();
    }
  });
});

describe("while the server drains", () => {
  test("a request in flight is answered, new ones are taken, and those who leave are gone", async () => {
    const { server, caller } = await start();
    const [phone, laptop] = [await connect(server.url, "alice"), await connect(server.url, "bob")];
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "in-flight" });
    const unanswered = await caller.send({ user_id: "bob", message: "?", correlation_id: "unanswered" });
    const drained = server.drain();
    await phone.next("shutdown_notice");
    phone.send({ type: "response", correlation_id: "in-flight", data: 1 });
    expect((await answers.next()).data.data).toBe(1);
    const asked = await caller.send({ user_id: "alice", message: "?", correlation_id: "new" });
    for (const id of ["in-flight", "new"]) {
      phone.send({ type: "response", correlation_id: id, data: 2, final: true });
    }
    expect((await answers.all()).length).toBe(2);
    expect((await asked.all()).length).toBe(1);
    expect((await caller.push({ user_id: "bob", message: "still here" })).status).toBe(200);
    await laptop.next("message");
    await laptop.close();
    expect(await unanswered.all()).toMatchObject([{ type: "error", data: { code: "gone" } }]);
    await phone.close();
    await drained;
  });

  test("at the deadline those who were asked are closed, and their callers get a whole answer: gone", async () => {
    const { server, caller } = await start({ shutdownTimeoutMs: 50 });
    const client = await connect(server.url, "alice");
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "c" });
    await client.next("request");
    const drained = server.drain();
    expect((await client.closed).code).toBe(1012);
    expect(await answers.all()).toMatchObject([
      { type: "error", data: { correlation_id: "c", code: "gone" } },
    ]);
    await drained;
  });
});
