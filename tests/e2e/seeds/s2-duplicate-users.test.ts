import { afterEach, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller, EventReader } from "./support/bridge-caller.ts";

const leaving: (() => unknown)[] = [];

afterEach(async () => {
  for (const leave of leaving.splice(0).toReversed()) await leave();
});

async function start(duplicateUser?: "allow" | "replace" | "reject") {
  const server = await startTestServer(duplicateUser === undefined ? {} : { duplicateUser });
  leaving.push(() => server.stop());
  return { server, caller: new BridgeCaller(server.url) };
}

const upgradeHeaders = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** How an upgrade is answered that is refused. */
const refusalOf = (server: RunningServer, query: string, headers: Record<string, string> = upgradeHeaders) =>
  fetch(`${server.url}/ws?${query}`, { headers });

/** Connections of a user's own topic, as presence counts them. */
async function connectionsOf(server: RunningServer, userId: string): Promise<number> {
  const presence = await fetch(`${server.url}/topics/user:${userId}/presence`);
  return ((await presence.json()) as { connections: number }).connections;
}

/** Twenty upgrades of one user, written before any is answered. */
async function rush(server: RunningServer): Promise<PromiseSettledResult<RawWebSocket>[]> {
  const path = "/ws?user_id=alice&topics=";
  const sockets = await Promise.allSettled(
    Array.from({ length: 20 }, () => RawWebSocket.open(server.url, { path, answerPings: true })),
  );
  for (const socket of sockets) if (socket.status === "fulfilled") leaving.push(() => socket.value.close());
  return sockets;
}

describe("DUPLICATE_USER=allow", () => {
  test("is the default: connections of one user stand beside each other", async () => {
    const { server, caller } = await start();
    const clients = [];
    for (let count = 0; count < 3; count++)
      clients.push(await WebSocketClient.welcomed(server.url, "user_id=alice"));
    await caller.push({ user_id: "alice", message: "hi" });
    for (const client of clients) expect(await client.next("message")).toMatchObject({ message: "hi" });
    expect(await connectionsOf(server, "alice")).toBe(3);
  });
});

describe("DUPLICATE_USER=replace", () => {
  test("closes the older connection with 4409, and the newer one takes its place", async () => {
    const { server, caller } = await start("replace");
    const older = await WebSocketClient.welcomed(server.url, "user_id=alice");
    const other = await WebSocketClient.welcomed(server.url, "user_id=bob");
    const newer = await WebSocketClient.welcomed(server.url, "user_id=alice");
    expect(await older.closed).toEqual({ code: 4409, reason: "replaced by a newer connection" });
    await caller.push({ user_id: "alice", message: "hi" });
    expect(await newer.next("message")).toMatchObject({ message: "hi" });
    expect(await connectionsOf(server, "alice")).toBe(1);
    expect((await other.request({ type: "ping" })).type).toBe("pong");
  });

  test("again and again, each by the next", async () => {
    const { server } = await start("replace");
    let current = await WebSocketClient.welcomed(server.url, "user_id=alice");
    for (let count = 0; count < 20; count++) {
      const next = await WebSocketClient.welcomed(server.url, "user_id=alice");
      expect((await current.closed).code).toBe(4409);
      current = next;
    }
    expect((await current.request({ type: "ping" })).type).toBe("pong");
    expect(await connectionsOf(server, "alice")).toBe(1);
  });

  test("leaves exactly one of many that come at once", async () => {
    const { server, caller } = await start("replace");
    const sockets = (await rush(server)).map((socket) => {
      if (socket.status === "rejected") throw socket.reason;
      return socket.value;
    });
    const isReplaced = (socket: RawWebSocket) => socket.closeFrame?.code === 4409;
    await until(() => sockets.filter(isReplaced).length === sockets.length - 1);
    expect(await connectionsOf(server, "alice")).toBe(1);
    expect((await caller.push({ user_id: "alice", message: "hi" })).status).toBe(200);
    const left = sockets.find((socket) => !isReplaced(socket));
    await left!.waitForJson("the push", ({ message }) => message === "hi");
    expect(sockets.filter(({ jsonFrames }) => jsonFrames.some(({ message }) => message === "hi"))).toEqual([
      left!,
    ]);
  });

  test("tells the caller of a request to the older connection that it is gone", async () => {
    const { server, caller } = await start("replace");
    const older = await WebSocketClient.welcomed(server.url, "user_id=alice");
    const answers = await caller.send({ user_id: "alice", message: "?", correlation_id: "c" });
    await older.next("request");
    const newer = await WebSocketClient.welcomed(server.url, "user_id=alice");
    expect(await answers.all()).toMatchObject([{ type: "error", data: { code: "gone" } }]);
    const late = await newer.request({ type: "response", correlation_id: "c", data: 1, final: true });
    expect(late).toMatchObject({ code: "not_found" });
  });

  test("does not happen for a handshake that fails", async () => {
    const { server } = await start("replace");
    const client = await WebSocketClient.welcomed(server.url, "user_id=alice");
    const { "sec-websocket-key": _, ...broken } = upgradeHeaders;
    expect((await refusalOf(server, "user_id=alice", broken)).status).toBe(400);
    expect((await refusalOf(server, "user_id=alice&client=nobody")).status).toBe(422);
    expect(
      (await refusalOf(server, "user_id=alice", { ...upgradeHeaders, origin: "https://evil.example" }))
        .status,
    ).toBe(403);
    expect((await client.request({ type: "ping" })).type).toBe("pong");
  });

  test("is about WebSockets: the user's event streams and those without a user id stay", async () => {
    const { server, caller } = await start("replace");
    const stream = await EventReader.open(`${server.url}/events?user_id=alice`);
    await stream.next("subscribed");
    const guests = [await WebSocketClient.welcomed(server.url), await WebSocketClient.welcomed(server.url)];
    await WebSocketClient.welcomed(server.url, "user_id=alice");
    await caller.push({ user_id: "alice", message: "hi" });
    await stream.next("message");
    for (const guest of guests) expect((await guest.request({ type: "ping" })).type).toBe("pong");
    stream.abort();
  });
});

describe("DUPLICATE_USER=reject", () => {
  test("answers the upgrade 409 while the user is connected, and 101 when that connection has closed", async () => {
    const { server } = await start("reject");
    const first = await WebSocketClient.welcomed(server.url, "user_id=alice");
    const refused = await refusalOf(server, "user_id=alice");
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({ error: { code: "conflict", message: expect.any(String) } });
    await expect(WebSocketClient.open(server.url, "user_id=alice")).rejects.toThrow("could not connect");
    expect((await first.request({ type: "ping" })).type).toBe("pong");
    let current = first;
    for (let count = 0; count < 20; count++) {
      await current.close();
      current = await WebSocketClient.welcomed(server.url, "user_id=alice");
    }
    expect(await connectionsOf(server, "alice")).toBe(1);
  });

  test("lets exactly one of many in that come at once", async () => {
    const { server } = await start("reject");
    const sockets = await rush(server);
    const refused = sockets.filter((socket) => socket.status === "rejected");
    expect(refused.length).toBe(19);
    for (const { reason } of refused) expect(String(reason)).toContain("answered 409");
    expect(await connectionsOf(server, "alice")).toBe(1);
  });

  test("lets a user back in whose connection was cut without a close frame", async () => {
    const { server } = await start("reject");
    const socket = await RawWebSocket.open(server.url, { path: "/ws?user_id=alice" });
    await socket.waitForJson("welcome", ({ type }) => type === "welcome");
    socket.connection.destroy();
    await until(async () => {
      const client = await WebSocketClient.open(server.url, "user_id=alice").catch(() => null);
      return client !== null;
    });
  });

  test("is about WebSockets: other users, event streams and those without a user id come in", async () => {
    const { server } = await start("reject");
    const stream = await EventReader.open(`${server.url}/events?user_id=alice`);
    await stream.next("subscribed");
    await WebSocketClient.welcomed(server.url, "user_id=alice");
    const second = await EventReader.open(`${server.url}/events?user_id=alice`);
    await second.next("subscribed");
    for (const query of ["user_id=bob", "", ""]) await WebSocketClient.welcomed(server.url, query);
    stream.abort();
    second.abort();
  });
});
