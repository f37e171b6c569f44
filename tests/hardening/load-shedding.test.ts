import { afterEach, describe, expect, test } from "bun:test";
import { EventStreamClient } from "../integration/event-stream/event-stream-client.ts";
import { type SpawnedServer, spawnServer } from "../support/server.ts";
import { SlowReader } from "../support/slow-reader.ts";
import { until } from "../support/until.ts";
import { WebSocketClient } from "../support/websocket-client.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function spawn(env: Record<string, string>): Promise<SpawnedServer> {
  const server = await spawnServer({ env });
  cleanups.push(() => server.stop());
  return server;
}

async function levelOf(url: string): Promise<string> {
  const status = (await (await fetch(`${url}/status`)).json()) as { load: { level: string } };
  return status.load.level;
}

function publish(url: string, body: object): Promise<Response> {
  return fetch(`${url}/publish`, { method: "POST", body: JSON.stringify(body) });
}

/** All that is refused at the second level, each of it seen once. */
async function expectRefusals(url: string): Promise<void> {
  await until(async () => (await levelOf(url)) !== "normal", 10_000, "another level");
  const isRefused = async () => {
    const client = await WebSocketClient.open(url).catch(() => null);
    await client?.close();
    return client === null;
  };
  await until(isRefused, 10_000, "the refusal of a WebSocket");
  let retryMs: number | null = null;
  const isSentAway = async () => {
    const stream = await EventStreamClient.open(url, "topic=t");
    const outcome = await Promise.race([stream.ended, stream.next("subscribed")]);
    retryMs = stream.retryMs;
    await stream.close();
    return stream.response.status === 200 && outcome === "end";
  };
  await until(isSentAway, 10_000, "an event stream that is sent away");
  expect(retryMs).toBeGreaterThanOrEqual(10_000);
  let retryAfter: string | null = null;
  const isUnpublished = async () => {
    const answer = await publish(url, { topic: "t", message: "x" });
    retryAfter = answer.headers.get("retry-after");
    return answer.status === 503;
  };
  await until(isUnpublished, 10_000, "a publication that is refused");
  expect(retryAfter).toMatch(/^\d+$/);
}

describe("memory beyond its bound", () => {
  test("is answered before it runs out: nobody comes in, nothing is published, who is behind is cut off", async () => {
    const server = await spawn({
      BACKPRESSURE_LIMIT: "1 GiB",
      MAX_FRAME: "1 MiB",
      HISTORY_SIZE: "1",
      SHED_MEMORY: "350 MB",
    });
    const { url } = server;
    const healthy = await WebSocketClient.welcomed(url, "topics=quiet");
    cleanups.push(() => healthy.close());
    const topics = Array.from({ length: 50 }, (_, index) => `flood-${index}`);
    const slow = await SlowReader.open(url, `/ws?topics=${topics}`);
    cleanups.push(() => slow.destroy());
    slow.stopReading();
    const publisher = await WebSocketClient.welcomed(url, "topics=");
    cleanups.push(() => publisher.close());
    const message = "x".repeat(1_000_000);
    const refusal = () => publisher.received.find(({ code }) => code === "unavailable");
    const isShed = () => server.lines.some((line) => line.includes('"evicted_for":"shed"'));
    let probes: Promise<void> | null = null;
    // What is garbage may relieve it for a moment: it goes on as long as there is somebody who is behind.
    for (const endMs = performance.now() + 45_000; !isShed() && performance.now() < endMs; ) {
      await Promise.all(topics.map((topic) => publisher.request({ type: "publish", topic, message })));
      if (refusal() === undefined) continue;
      probes ??= expectRefusals(url);
      await Bun.sleep(200);
    }
    expect(refusal()).toMatchObject({ message: expect.stringContaining("more to do than it can") });
    await probes;

    // The one whose buffer it was is gone, and with it what it held: all is well again, without anybody's doing.
    const gone = await server.waitForLog(/"evicted_for":"shed"/, 20_000);
    expect(JSON.parse(gone)).toMatchObject({ msg: "connection ended by this server", code: 1006 });
    await until(async () => (await levelOf(url)) === "normal", 40_000, "the normal level");
    expect((await publish(url, { topic: "quiet", message: "x" })).status).toBe(200);
    await healthy.next((frame) => "ts" in frame);
    const changes = server.lines
      .filter((line) => /shedding load|load is normal/.test(line))
      .map((line) => JSON.parse(line));
    expect(changes.at(-1)).toMatchObject({ level: "INFO", msg: "load is normal again", cause: null });
    expect(changes[0]).toMatchObject({ level: "WARNING", cause: "memory" });
    // Once for each change, and there are few.
    expect(changes.length).toBeLessThanOrEqual(8);
  }, 90_000);
});

describe("an event loop that stays behind", () => {
  test("refuses newcomers until it has caught up, and says so", async () => {
    const server = await spawn({ SHED_LAG: "20ms" });
    const { url } = server;
    const readers = await Promise.all(
      Array.from({ length: 50 }, () => WebSocketClient.welcomed(url, "topics=busy")),
    );
    cleanups.push(() => Promise.all(readers.map((reader) => reader.close())));
    const body = {
      topics: Array.from({ length: 1000 }, (_, index) => `busy-${index}`),
      data: Array.from({ length: 2000 }, () => ({})),
    };
    let stop = false;
    const load = Array.from({ length: 16 }, async () => {
      while (!stop) await (await publish(url, body)).text();
    });
    cleanups.push(() => {
      stop = true;
    });
    const line = await server.waitForLog(/shedding load: refusing new connections/, 20_000);
    expect(JSON.parse(line)).toMatchObject({
      level: "WARNING",
      cause: "event_loop_lag",
      lag_ms: expect.any(Number),
    });
    stop = true;
    await Promise.all(load);
    for (const reader of readers) expect(reader.socket.readyState).toBe(WebSocket.OPEN);
    await server.waitForLog(/load is normal again/, 30_000);
    const late = await WebSocketClient.welcomed(url);
    await late.close();
    const text = await (await fetch(`${url}/metrics/prometheus`)).text();
    expect(text).toContain("fanfare_load_level 0");
  }, 90_000);

  test("is not one that pauses, or is busy now and then", async () => {
    const server = await spawn({ SHED_LAG: "200ms" });
    for (let round = 0; round < 2; round++) {
      server.process.kill("SIGSTOP");
      await Bun.sleep(1200);
      server.process.kill("SIGCONT");
      await Bun.sleep(300);
      expect(await levelOf(server.url)).toBe("normal");
    }
    expect(server.lines.filter((line) => line.includes("shedding"))).toEqual([]);
  }, 20_000);
});
