import { afterEach, expect, test } from "bun:test";
import { encodeFrame, Opcode } from "../../support/raw-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Pings whoever connects, and says in JSON when it is answered. */
function startPinger(): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      return self.upgrade(request) ? undefined : new Response("not now", { status: 503 });
    },
    websocket: {
      open: (socket) => void socket.ping("are you there"),
      message: (socket, message) => void socket.send(JSON.stringify({ type: "got", message })),
      pong: (socket, payload) => void socket.send(JSON.stringify({ type: "pong", text: String(payload) })),
    },
  });
  cleanups.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

async function open(...parameters: Parameters<typeof RawWebSocket.open>): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(...parameters);
  cleanups.push(() => socket.connection.destroy());
  return socket;
}

test("answers pings where asked to, and only there", async () => {
  const url = startPinger();
  const answering = await open(url, { answerPings: true });
  expect(await answering.waitForJson("the pong", ({ type }) => type === "pong")).toMatchObject({
    text: "are you there",
  });

  const silent = await open(url);
  await silent.waitForFrame("the ping", ({ opcode }) => opcode === Opcode.ping);
  silent.sendText("in its place");
  await silent.waitForJson("the answer", ({ type }) => type === "got");
  expect(silent.jsonFrames).toEqual([{ type: "got", message: "in its place" }]);
});

test("tells the server's close code, and that there was none", async () => {
  const url = startPinger();
  const closing = await open(url);
  closing.send(encodeFrame({ opcode: Opcode.close, payload: Uint8Array.of(0x0f, 0xa0) }));
  expect(await closing.waitForEnd()).toEqual({ code: 4000, reason: "" });

  const cutOff = await open(url);
  for (const cleanup of cleanups.splice(0, 1)) cleanup();
  expect((await cutOff.waitForEnd())?.code).toBe(1001);
});

test("a handshake that is refused throws, with the answer", async () => {
  const url = startPinger();
  await expect(open(url, { headers: { Upgrade: null } })).rejects.toThrow(
    "the upgrade was answered 503 not now",
  );
});
