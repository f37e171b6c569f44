import { afterEach, describe, expect, test } from "bun:test";
import { RawConnection } from "../../support/raw-connection.ts";

const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A TCP server that answers every connection with these bytes in one piece or many, then may close. */
async function connectTo(pieces: readonly string[], thenClose = false): Promise<RawConnection> {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: async (socket) => {
        for (const piece of pieces) {
          socket.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (thenClose) socket.end();
      },
      data: () => {},
    },
  });
  const connection = await RawConnection.connect({ hostname: "127.0.0.1", port: listener.port });
  cleanups.push(
    () => connection.destroy(),
    () => listener.stop(true),
  );
  return connection;
}

describe("takeHttpResponse", () => {
  test("reads a body of a known length and leaves what follows", async () => {
    const response = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-Name: some: value\r\n\r\nhello";
    const connection = await connectTo([`${response}${response}rest`]);
    for (const _ of [1, 2]) {
      const { status, headers, body } = await connection.takeHttpResponse();
      expect([status, headers.get("x-name"), body]).toEqual([404, "some: value", "hello"]);
    }
    await connection.waitFor("the rest", () => (connection.received.length === 4 ? true : null));
  });

  test("waits for a response that comes in single bytes", async () => {
    const connection = await connectTo([..."HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]);
    expect(await connection.takeHttpResponse()).toMatchObject({ status: 200, body: "ok" });
  });

  test("reads a chunked body", async () => {
    const connection = await connectTo([
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "6\r\n world\r\n0\r\n\r\n",
    ]);
    expect((await connection.takeHttpResponse()).body).toBe("hello world");
  });

  test("without a length, the body ends with the connection", async () => {
    const connection = await connectTo(["HTTP/1.1 200 OK\r\n\r\nuntil", " the end"], true);
    expect((await connection.takeHttpResponse()).body).toBe("until the end");
  });

  test("a switch of protocols has no body", async () => {
    const connection = await connectTo(["HTTP/1.1 101 Switching Protocols\r\n\r\nframes"]);
    expect((await connection.takeHttpResponse()).body).toBe("");
    const taken: string[] = [];
    connection.handOver((bytes) => taken.push(new TextDecoder().decode(bytes)));
    expect(taken).toEqual(["frames"]);
  });
});

describe("waiting", () => {
  test("fails when the peer closes first", async () => {
    const connection = await connectTo(["HTTP/1.1 200 OK\r\n"], true);
    await expect(connection.takeHttpResponse()).rejects.toThrow("closed before an HTTP response arrived");
    await connection.waitForClose();
    expect(connection.isClosed).toBe(true);
  });

  test("fails at its deadline", async () => {
    const connection = await connectTo([]);
    await expect(connection.takeHttpResponse(20)).rejects.toThrow("did not arrive within 20 ms");
  });
});
