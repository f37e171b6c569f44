import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { MetricsJson } from "../../../src/telemetry/json.ts";
import { concatenate, encodeFrame, Opcode } from "../../support/raw-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { type SpawnedServer, spawnServer, startTestServer } from "../../support/server.ts";
import { SlowReader } from "../../support/slow-reader.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const large = "x".repeat(32 * kibibyte);
/** In each of hundreds of frames: they do not all fit into the buffers between client and server. */
const tooLongForTheKernel = "x".repeat(60_000);

async function metricsOf(url: string): Promise<MetricsJson> {
  const response = await fetch(`${url}/metrics`, { headers: { accept: "application/json" } });
  return (await response.json()) as MetricsJson;
}

function residentBytes(server: SpawnedServer): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * kibibyte;
}

const offsetsOf = (frames: readonly Frame[]) => frames.map(({ offset }) => offset);
const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe("a reader that stops reading", () => {
  test("is ended without a hole in what it got; others notice nothing; it is counted as what it was", async () => {
    const server = await startTestServer({ backpressureLimitBytes: 512 * kibibyte });
    const slow = await SlowReader.open(server.url, "/ws?topics=t");
    const [healthy, publisher] = await Promise.all([
      WebSocketClient.welcomed(server.url, "topics=t"),
      WebSocketClient.welcomed(server.url, "topics="),
    ]);
    try {
      slow.stopReading();
      let published = 0;
      const hasBeenEnded = async () => (await metricsOf(server.url)).connections.evicted.backpressure === 1;
      while (!(await hasBeenEnded()) && published < 2000) {
        for (let count = 0; count < 20; count++) {
          publisher.send({ type: "publish", topic: "t", message: large });
          published++;
        }
        await publisher.request({ type: "ping" });
      }
      expect(await hasBeenEnded()).toBe(true);
      await until(() => healthy.received.length > published);
      expect(offsetsOf(healthy.received.slice(1))).toEqual(oneTo(published));
      expect(await slow.readToEnd()).toBeNull();
      const got = slow.publications.length;
      expect(got).toBeLessThan(published);
      expect(offsetsOf(slow.publications)).toEqual(oneTo(got));
      expect((await metricsOf(server.url)).connections.active.websocket).toBe(2);
    } finally {
      slow.destroy();
      await healthy.close();
      await publisher.close();
      await server.stop();
    }
  });

  test("costs no more memory than its limit, however much is published", async () => {
    const server = await spawnServer({ env: { BACKPRESSURE_LIMIT: "1 MiB", HISTORY_TOPIC_BYTES: "1 MiB" } });
    const slow = await Promise.all(
      Array.from({ length: 10 }, () => SlowReader.open(server.url, "/ws?topics=t")),
    );
    const publisher = await WebSocketClient.welcomed(server.url, "topics=");
    const publish = async (bytes: number) => {
      for (let sent = 0; sent < bytes; sent += 10 * large.length) {
        for (let count = 0; count < 10; count++)
          publisher.send({ type: "publish", topic: "t", message: large });
        await publisher.request({ type: "ping" });
      }
    };
    try {
      await publish(4 * mebibyte);
      for (const reader of slow) reader.stopReading();
      const before = residentBytes(server);
      await publish(48 * mebibyte);
      await until(async () => (await metricsOf(server.url)).connections.evicted.backpressure === 10);
      // Unbounded it would be 10 times 48 MiB.
      expect(residentBytes(server) - before).toBeLessThan(120 * mebibyte);
    } finally {
      for (const reader of slow) reader.destroy();
      await publisher.close();
      await server.stop();
    }
  });
});

describe("a client that asks for more than it reads", () => {
  /** A server with a history of half a megabyte, and a client that asks for it over and over, unread. */
  async function start(questions: number, padding: string, more: Parameters<typeof startTestServer>[0] = {}) {
    const server = await startTestServer({ backpressureLimitBytes: mebibyte, ...more });
    const publisher = await WebSocketClient.welcomed(server.url, "topics=");
    for (let count = 0; count < 20; count++) {
      await publisher.request({ type: "publish", topic: "t", message: large });
    }
    await publisher.close();
    const client = await RawWebSocket.open(server.url, { path: "/ws?topics=" });
    await client.waitForJson("welcome", ({ type }) => type === "welcome");
    client.connection.pauseReading();
    const commands = Array.from({ length: questions }, (_, index) => ({
      type: "history",
      id: index + 1,
      topic: "t",
    }));
    const frames = [...commands, { type: "ping", id: "last" }].map((command) =>
      encodeFrame({ opcode: Opcode.text, payload: JSON.stringify({ ...command, padding }) }),
    );
    client.send(concatenate(frames));
    /** Resolves when no more of them are taken. */
    const standsStill = async () => {
      let taken = -1;
      for (;;) {
        const { frames_received, history } = await metricsOf(server.url);
        if (frames_received === taken) return { taken, answered: history.reads };
        taken = frames_received;
        await Bun.sleep(60);
      }
    };
    return { server, client, standsStill };
  }

  test("is neither answered nor read from until it reads on; then it gets every answer, in order", async () => {
    const questions = 300;
    const { server, client, standsStill } = await start(questions, tooLongForTheKernel);
    try {
      const { taken, answered } = await standsStill();
      expect(answered).toBeLessThan(questions / 3);
      expect(taken).toBeLessThan(questions * 0.9);
      expect(client.connection.isClosed).toBe(false);
      client.connection.resumeReading();
      await client.waitForJson("the last answer", ({ id }) => id === "last", 10_000);
      expect(client.jsonFrames.slice(1).map(({ id }) => id)).toEqual([...oneTo(questions), "last"]);
      expect(client.closeFrame).toBeNull();
    } finally {
      client.connection.destroy();
      await server.stop();
    }
  });

  test("is alive as long as it takes something, and gone when it does not", async () => {
    const server = await start(300, "", { pingIntervalMs: 300, pingTimeoutMs: 300 });
    const { client } = server;
    try {
      // It never answers a PING; that it reads is the only sign of life.
      const enoughMs = performance.now() + 1200;
      while (performance.now() < enoughMs) {
        client.connection.resumeReading();
        await Bun.sleep(1);
        client.connection.pauseReading();
        await Bun.sleep(80);
        expect(client.connection.isClosed).toBe(false);
      }
      expect(client.jsonFrames.some(({ id }) => id === "last")).toBe(false);
      client.connection.resumeReading();
      expect((await client.waitForEnd())?.code).toBe(4408);
      expect(client.frames.some(({ opcode }) => opcode === Opcode.ping)).toBe(true);
    } finally {
      client.connection.destroy();
      await server.server.stop();
    }
  });
});
