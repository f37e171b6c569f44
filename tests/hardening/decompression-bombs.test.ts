import { describe, expect, test } from "bun:test";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { encodeFrame, Opcode } from "../support/raw-frame.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { spawnServer } from "../support/server.ts";
import { residentBytes } from "./support/process-memory.ts";

const mebibyte = 1024 * 1024;
/** What a bomb would take if it went off. */
const inflatedBytes = 64 * mebibyte;

async function withServer(
  env: Record<string, string>,
  run: (server: Awaited<ReturnType<typeof spawnServer>>) => Promise<void>,
): Promise<void> {
  const server = await spawnServer({ env });
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

describe("decompression bombs", () => {
  test("as bodies are refused, and never inflated", async () => {
    await withServer({}, async (server) => {
      const bomb = Buffer.alloc(inflatedBytes, " ");
      const codings: [string, Buffer][] = [
        ["gzip", gzipSync(bomb)],
        ["deflate", deflateSync(bomb)],
        ["br", brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
        ["gzip, gzip", gzipSync(gzipSync(bomb))],
        ["x-unknown", Buffer.from('{"topic":"t","message":"x"}')],
      ];
      const before = residentBytes(server.process.pid);
      for (const path of ["/publish", "/publish/batch", "/notify", "/alerts", "/sse/push"]) {
        for (const [coding, body] of codings) {
          const answer = await fetch(server.url + path, {
            method: "POST",
            body: new Uint8Array(body),
            headers: { "content-encoding": coding },
          });
          expect([path, coding, answer.status]).toEqual([path, coding, 415]);
          expect(await answer.text()).toContain("Content-Encoding");
        }
      }
      expect(residentBytes(server.process.pid) - before).toBeLessThan(inflatedBytes / 2);
      const plain = {
        method: "POST",
        body: '{"topic":"t","message":"x"}',
        headers: { "content-encoding": "identity" },
      };
      expect((await fetch(`${server.url}/publish`, plain)).status).toBe(200);
    });
  });

  test("as compressed frames close their connection, and are never inflated beyond MAX_FRAME", async () => {
    await withServer({ WS_COMPRESSION: "true", MAX_FRAME: "64 KiB" }, async (server) => {
      const healthy = await RawWebSocket.open(server.url, { answerPings: true });
      const before = residentBytes(server.process.pid);
      const bombs = [70_000, mebibyte, 16 * mebibyte, 60 * mebibyte].map((size) =>
        deflateRawSync(Buffer.alloc(size, "x"), { level: 9 }),
      );
      for (const bomb of bombs) {
        for (let round = 0; round < 5; round++) {
          const client = await RawWebSocket.open(server.url, {
            headers: { "Sec-WebSocket-Extensions": "permessage-deflate" },
          });
          expect(client.handshake.headers.get("sec-websocket-extensions")).toContain("permessage-deflate");
          client.send(encodeFrame({ opcode: Opcode.text, payload: new Uint8Array(bomb), rsv: 4 }));
          expect(await client.waitForEnd()).toMatchObject({ code: 1009 });
        }
      }
      expect(residentBytes(server.process.pid) - before).toBeLessThan(60 * mebibyte);
      healthy.sendText("still here");
      await healthy.waitForJson("its own text", ({ message }) => message === "still here");
      await healthy.close();
    });
  });
});
