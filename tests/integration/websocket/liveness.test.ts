import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { encodeFrame, Opcode } from "../../support/raw-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";

const pingIntervalMs = 200;
const pingTimeoutMs = 100;

describe("peers that are gone without saying so", () => {
  let server: RunningServer;
  let publisher: WebSocketClient;
  let timer: Timer;
  const peers: RawWebSocket[] = [];
  beforeAll(async () => {
    server = await startTestServer({ pingIntervalMs, pingTimeoutMs });
    publisher = await WebSocketClient.welcomed(server.url, "topics=");
    // What the server sends must not count as a sign of the peer's life.
    timer = setInterval(() => publisher.send({ type: "publish", topic: "busy", message: "m" }), 5);
  });
  afterEach(() => {
    for (const peer of peers.splice(0)) peer.connection.destroy();
  });
  afterAll(async () => {
    clearInterval(timer);
    await publisher.close();
    await server.stop();
  });

  async function silentPeer(path: string): Promise<RawWebSocket> {
    const peer = await RawWebSocket.open(server.url, { path });
    peers.push(peer);
    await peer.waitForJson("welcome", ({ type }) => type === "welcome");
    return peer;
  }

  test.each([["busy"], ["quiet"]])(
    "are closed with 4408 one interval and one timeout later, on a %s topic",
    async (topic) => {
      const from = performance.now();
      const peer = await silentPeer(`/ws?topics=${topic}`);
      expect(await peer.waitForEnd()).toEqual({ code: 4408, reason: "no pong" });
      const afterMs = performance.now() - from;
      expect(afterMs).toBeGreaterThan(pingIntervalMs / 2);
      expect(afterMs).toBeLessThan(pingIntervalMs + pingTimeoutMs + 500);
      expect(peer.frames.some(({ opcode }) => opcode === Opcode.ping)).toBe(true);
      if (topic === "busy") expect(peer.jsonFrames.length).toBeGreaterThan(10);
    },
  );

  test("are told by silence alone: a PONG, a PING or a text frame now and then keeps a connection", async () => {
    const signs = [
      { opcode: Opcode.pong },
      { opcode: Opcode.ping },
      { opcode: Opcode.text, payload: '{"type":"ping"}' },
    ];
    const lively = await Promise.all(signs.map(() => silentPeer("/ws?topics=busy")));
    const untilMs = performance.now() + 3 * (pingIntervalMs + pingTimeoutMs);
    while (performance.now() < untilMs) {
      for (const [index, peer] of lively.entries()) peer.send(encodeFrame(signs[index]!));
      await Bun.sleep(20);
    }
    for (const peer of lively) {
      expect(peer.closeFrame).toBeNull();
      expect(peer.connection.isClosed).toBe(false);
      expect(peer.frames.filter(({ opcode }) => opcode === Opcode.ping).length).toBeGreaterThanOrEqual(2);
    }
    const ends = await Promise.all(lively.map((peer) => peer.waitForEnd()));
    expect(ends.map((end) => end?.code)).toEqual([4408, 4408, 4408]);
  });

  test("an ordinary client answers by itself, and stays", async () => {
    const client = await WebSocketClient.welcomed(server.url, "topics=");
    await Bun.sleep(3 * (pingIntervalMs + pingTimeoutMs));
    expect((await client.request({ type: "ping" })).type).toBe("pong");
    await client.close();
  });
});
