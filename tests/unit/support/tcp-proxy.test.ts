import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { TcpProxy } from "../../support/tcp-proxy/tcp-proxy.ts";
import { until } from "../../support/until.ts";

interface Talk {
  readonly socket: Socket;
  /** What came back, piece by piece. */
  readonly pieces: string[];
  isOpen: boolean;
}

/** A server that repeats what it hears. */
const startEcho = () => {
  const heard: string[] = [];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, bytes) => {
        heard.push(bytes.toString());
        socket.write(bytes);
      },
    },
  });
  return { heard, listener };
};

let echo: ReturnType<typeof startEcho>;
let proxy: TcpProxy;

beforeEach(() => {
  echo = startEcho();
  proxy = TcpProxy.start(echo.listener.port);
});
afterEach(() => {
  proxy.stop();
  echo.listener.stop(true);
});

const talk = async (): Promise<Talk> => {
  const pieces: string[] = [];
  const close = () => {
    result.isOpen = false;
  };
  const data = (_: Socket, bytes: Buffer) => void pieces.push(bytes.toString());
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: proxy.port, socket: { data, close } });
  const result: Talk = { socket, pieces, isOpen: true };
  return result;
};

const answered = (client: Talk, text: string) =>
  until(() => client.pieces.join("") === text, 1000, `the answer ${text}`);

describe("a TCP proxy for tests", () => {
  test("passes everything on, in order, much of it too", async () => {
    const client = await talk();
    client.socket.write("one");
    client.socket.write("two");
    await answered(client, "onetwo");
    expect(proxy.bytesToClients).toBe(6);
    const much = "x".repeat(200_000);
    client.pieces.length = 0;
    let left = much;
    await until(() => {
      left = left.slice(client.socket.write(left));
      return left === "";
    });
    await answered(client, much);
  });

  test("passes the end on", async () => {
    const client = await talk();
    client.socket.write("last");
    await answered(client, "last");
    client.socket.end();
    await until(() => proxy.openEnds === 0);
  });

  test("cut: who is connected is reset, who comes is too, until it heals", async () => {
    const client = await talk();
    client.socket.write("a");
    await answered(client, "a");
    proxy.cut();
    await until(() => !client.isOpen);
    const refused = await talk();
    await until(() => !refused.isOpen);
    proxy.heal();
    const welcome = await talk();
    welcome.socket.write("b");
    await answered(welcome, "b");
  });

  test("refuse: who is connected goes on", async () => {
    const client = await talk();
    client.socket.write("a");
    await answered(client, "a");
    proxy.refuse();
    const refused = await talk();
    await until(() => !refused.isOpen);
    client.socket.write("b");
    await answered(client, "ab");
  });

  test.each([
    ["to server", []],
    ["to client", ["a"]],
  ] as const)("a blackhole %s keeps what it swallowed until it heals", async (direction, heard) => {
    const client = await talk();
    proxy.blackhole(direction);
    client.socket.write("a");
    await until(() => echo.heard.length === heard.length);
    await Bun.sleep(50);
    expect(echo.heard).toEqual([...heard]);
    expect(client.pieces).toEqual([]);
    proxy.heal();
    await answered(client, "a");
  });

  test("a blackhole of both swallows the end too", async () => {
    const client = await talk();
    client.socket.write("a");
    await answered(client, "a");
    proxy.blackhole();
    client.socket.end();
    await Bun.sleep(50);
    expect(proxy.openEnds).toBe(1);
    proxy.heal();
    await until(() => proxy.openEnds === 0);
  });

  test("delay: everything comes, later", async () => {
    const client = await talk();
    proxy.delay(60);
    const startMs = performance.now();
    client.socket.write("a");
    client.socket.write("b");
    await answered(client, "ab");
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(120);
  });

  test("slice: a byte at a time, in order", async () => {
    const client = await talk();
    proxy.slice(1);
    client.socket.write("abcdefgh");
    await answered(client, "abcdefgh");
    expect(echo.heard.length).toBeGreaterThan(4);
  });

  test("where nobody listens, the client is reset", async () => {
    echo.listener.stop(true);
    const client = await talk();
    await until(() => !client.isOpen);
  });
});
