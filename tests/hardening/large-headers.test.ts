import { afterAll, beforeAll, expect, test } from "bun:test";
import { RawConnection } from "../support/raw-connection.ts";
import { addressOf } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/server.ts";

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** The status of the answer; null where the connection was cut without one. */
async function statusOf(request: string): Promise<number | null> {
  const connection = await RawConnection.connect(addressOf(server.url));
  try {
    connection.write(request);
    return await connection.waitFor("an answer", () => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.from(connection.received).toString("latin1"))?.[1];
      return status === undefined ? null : Number(status);
    });
  } finally {
    connection.destroy();
  }
}

const start = "GET /health HTTP/1.1\r\nHost: localhost\r\n";

test("headers that are too large, too many or without end are answered 431, and never held", async () => {
  expect(await statusOf(`${start}X: ${"y".repeat(15_000)}\r\n\r\n`)).toBe(200);
  const requests = [
    `${start}X: ${"y".repeat(17_000)}\r\n\r\n`,
    `${start}${"X: y\r\n".repeat(250)}\r\n`,
    `${start}X: ${"y".repeat(1_000_000)}`,
    `GET /${"y".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `GET /ws?token=${"y".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n`,
  ];
  for (const request of requests)
    expect([request.slice(0, 60), await statusOf(request)]).toEqual([request.slice(0, 60), 431]);
  expect(await statusOf(`${start}\r\n`)).toBe(200);
});
