import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller, curl, EventReader, tryToRespond } from "./support/bridge-caller.ts";

let server: RunningServer;
let caller: BridgeCaller;
const leaving: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startTestServer();
  caller = new BridgeCaller(server.url);
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(leaving.splice(0).map((leave) => leave()));
});

let users = 0;
const someone = () => `user-${++users}`;

async function connect(userId: string, query = "") {
  const client = await WebSocketClient.welcomed(server.url, `user_id=${userId}&topics=${query}`);
  leaving.push(() => client.close());
  return client;
}

async function read(userId: string): Promise<EventReader> {
  const stream = await EventReader.open(`${server.url}/events?user_id=${userId}`);
  leaving.push(() => stream.abort());
  await stream.next("subscribed");
  return stream;
}

/** Asks, and is gone at the end of the test. */
async function ask(body: object): Promise<EventReader> {
  const answers = await caller.send(body);
  leaving.push(() => answers.abort());
  return answers;
}

function respond(client: WebSocketClient, correlation_id: string, data: unknown, final?: boolean): void {
  client.send({ type: "response", correlation_id, data, ...(final === undefined ? {} : { final }) });
}

/** Responds, and waits for the refusal. */
async function refusalOf(client: WebSocketClient, correlation_id: string): Promise<Frame> {
  return await client.request({ type: "response", correlation_id, data: "refused", final: true });
}

const response = (correlation_id: string, data: unknown, final: boolean) => ({
  type: "response",
  id: null,
  data: { correlation_id, data, final },
});
const failure = (correlation_id: string, code: string) => ({
  type: "error",
  id: null,
  data: { correlation_id, code, message: expect.any(String) },
});

describe("POST /sse/send - Send message with request-response flow", () => {
  test("asks the user, and streams the response back as Server-Sent Events", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({
      user_id: alice,
      message: "ready?",
      data: { order: 17 },
      correlation_id: "c-1",
      timeout_ms: 5000,
    });
    expect(answers.response.status).toBe(200);
    expect(answers.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(answers.response.headers.get("cache-control")).toContain("no-cache");
    expect(answers.response.headers.get("x-accel-buffering")).toBe("no");
    expect(await client.next("request")).toEqual({
      type: "request",
      correlation_id: "c-1",
      message: "ready?",
      data: { order: 17 },
      timeout_ms: 5000,
    });
    respond(client, "c-1", { ready: true }, true);
    expect(await answers.all()).toEqual([response("c-1", { ready: true }, true)]);
  });

  test("streams any number of responses until the first final one, each when it comes", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({ user_id: alice, message: "count", correlation_id: "chunks" });
    for (let index = 0; index < 5; index++) {
      respond(client, "chunks", index, index % 2 === 0 ? false : undefined);
      expect(await answers.next()).toEqual(response("chunks", index, false));
    }
    respond(client, "chunks", "done", true);
    expect((await answers.all()).length).toBe(6);
    expect(answers.events.at(-1)).toEqual(response("chunks", "done", true));
    expect(await refusalOf(client, "chunks")).toMatchObject({ code: "not_found" });
  });

  test("passes on any JSON, in order, none of it lost", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({ user_id: alice, data: null, correlation_id: "any" });
    expect(await client.next("request")).toMatchObject({ data: null });
    const parts = [null, 0, "", "é\n\n\u2028data: x", [[]], { final: true }, "x".repeat(60_000)];
    for (const part of parts) respond(client, "any", part);
    client.send({ type: "response", correlation_id: "any", final: true });
    const events = await answers.all();
    expect(events.map(({ data }) => data.data)).toEqual([...parts, null]);
  });

  test("passes on far more than a caller may be behind, to one who reads", async () => {
    const alice = someone();
    const client = await connect(alice);
    const body = JSON.stringify({ user_id: alice, message: "all", correlation_id: "bulk" });
    const output = curl("-o", "/dev/null", "-w", "%{size_download}", "-d", body, `${server.url}/sse/send`);
    await client.next("request");
    const part = "x".repeat(60_000);
    for (let index = 0; index < 200; index++) respond(client, "bulk", part, index === 199);
    expect(Number(await output)).toBeGreaterThan(200 * part.length);
  });

  test("answers 200 as soon as the user is asked, not only with the first response", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "at-once" });
    expect([answers.response.status, answers.events.length]).toEqual([200, 0]);
    respond(client, "at-once", 1, true);
    expect(await answers.all()).toEqual([response("at-once", 1, true)]);
  });

  test("makes up a correlation id if none is given, another each time, and says it in every event", async () => {
    const alice = someone();
    const client = await connect(alice);
    const ids: string[] = [];
    for (let count = 0; count < 2; count++) {
      const answers = await ask({ user_id: alice, message: "?" });
      const request = await client.next("request");
      respond(client, request.correlation_id, 1, true);
      expect(await answers.all()).toEqual([response(request.correlation_id, 1, true)]);
      ids.push(request.correlation_id);
    }
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]!.length).toBeGreaterThanOrEqual(16);
  });

  test("works by curl, which shows the stream as it comes", async () => {
    const alice = someone();
    const client = await connect(alice);
    const body = JSON.stringify({ user_id: alice, message: "?", correlation_id: "curl" });
    const output = curl(
      "-N",
      "-X",
      "POST",
      "-H",
      "Content-Type: application/json",
      "-d",
      body,
      `${server.url}/sse/send`,
    );
    await client.next("request");
    respond(client, "curl", "part");
    respond(client, "curl", "whole", true);
    expect(await output).toBe(
      ': heartbeat\n\nevent: response\ndata: {"correlation_id":"curl","data":"part","final":false}\n\n' +
        'event: response\ndata: {"correlation_id":"curl","data":"whole","final":true}\n\n',
    );
  });

  test("stores nothing: a request is for those who are connected now", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "unstored" });
    await client.next("request");
    respond(client, "unstored", 1, true);
    await answers.all();
    expect(await caller.topicOf(alice)).toMatchObject({ offset: 0 });
    const later = await connect(alice);
    await later.request({ type: "ping" });
    expect(later.received.some(({ type }) => type === "request")).toBe(false);
  });

  test("to a user who is connected nowhere is 404 in the one shape of errors, at once", async () => {
    const alice = someone();
    const { status, body } = await caller.answer("send", { user_id: alice, message: "?" });
    expect(status).toBe(404);
    expect(body).toEqual({ error: { code: "not_found", message: expect.any(String) } });
    expect(await caller.topicOf(alice)).toBeNull();
  });

  test("lets a receive-only client (client=user) respond", async () => {
    const alice = someone();
    const client = await connect(alice, "&client=user");
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "receive-only" });
    await client.next("request");
    respond(client, "receive-only", "yes", true);
    expect(await answers.all()).toEqual([response("receive-only", "yes", true)]);
  });
});

describe("message correlation using correlation ids", () => {
  test("the answers of two users are never mixed", async () => {
    const [alice, bob] = [someone(), someone()];
    const [a, b] = await Promise.all([connect(alice), connect(bob)]);
    const [toAlice, toBob] = await Promise.all([
      ask({ user_id: alice, message: "?", correlation_id: "to-alice" }),
      ask({ user_id: bob, message: "?", correlation_id: "to-bob" }),
    ]);
    expect(await refusalOf(b!, "to-alice")).toMatchObject({ type: "error", code: "forbidden" });
    respond(b!, "to-bob", "bob", true);
    respond(a!, "to-alice", "alice", true);
    expect(await toAlice!.all()).toEqual([response("to-alice", "alice", true)]);
    expect(await toBob!.all()).toEqual([response("to-bob", "bob", true)]);
  });

  test("many requests to one user at once each get their own answers", async () => {
    const alice = someone();
    const client = await connect(alice);
    const ids = Array.from({ length: 50 }, (_, index) => `many-${index}`);
    const all = await Promise.all(ids.map((id) => ask({ user_id: alice, message: id, correlation_id: id })));
    for (const _ of ids) {
      const { correlation_id, message } = await client.next("request");
      respond(client, correlation_id, `part of ${message}`);
    }
    for (const id of ids.toReversed()) respond(client, id, id, true);
    for (const [index, id] of ids.entries()) {
      expect(await all[index]!.all()).toEqual([response(id, `part of ${id}`, false), response(id, id, true)]);
    }
  });

  test("a correlation id that waits for answers is a conflict, and free again afterwards", async () => {
    const [alice, bob] = [someone(), someone()];
    const [a, b] = await Promise.all([connect(alice), connect(bob)]);
    const first = await ask({ user_id: alice, message: "?", correlation_id: "taken" });
    const { status, body } = await caller.answer("send", {
      user_id: bob,
      message: "?",
      correlation_id: "taken",
    });
    expect([status, body.error.code]).toEqual([409, "conflict"]);
    respond(a!, "taken", 1, true);
    expect(await first.all()).toEqual([response("taken", 1, true)]);
    const second = await ask({ user_id: bob, message: "?", correlation_id: "taken" });
    await b!.next("request");
    expect(b!.received.filter(({ type }) => type === "request").length).toBe(1);
    respond(b!, "taken", 2, true);
    expect(await second.all()).toEqual([response("taken", 2, true)]);
  });

  test("a correlation id may be any text of 1 to 128 characters", async () => {
    const alice = someone();
    const client = await connect(alice);
    for (const id of ["1", 'é\n\ndata: x\u0000"', "x".repeat(128), "__proto__"]) {
      const answers = await ask({ user_id: alice, message: "?", correlation_id: id });
      expect((await client.next("request")).correlation_id).toBe(id);
      respond(client, id, 1, true);
      expect(await answers.all()).toEqual([response(id, 1, true)]);
    }
  });
});

describe("a user with several connections", () => {
  test("is asked on all of them; all may respond, until the first final response", async () => {
    const alice = someone();
    const [phone, laptop] = await Promise.all([connect(alice), connect(alice)]);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "several" });
    expect(await phone!.next("request")).toEqual(await laptop!.next("request"));
    respond(phone!, "several", "phone");
    expect((await answers.next()).data.data).toBe("phone");
    respond(laptop!, "several", "laptop");
    expect((await answers.next()).data.data).toBe("laptop");
    respond(phone!, "several", "final", true);
    await answers.all();
    expect(await refusalOf(laptop!, "several")).toMatchObject({ type: "error", code: "not_found" });
    expect(answers.events.length).toBe(3);
  });

  test("of which one joined later: it was not asked, and its response is refused", async () => {
    const alice = someone();
    const asked = await connect(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "later" });
    await asked.next("request");
    const later = await connect(alice);
    expect(await refusalOf(later, "later")).toMatchObject({ type: "error", code: "forbidden" });
    respond(asked, "later", "asked", true);
    expect(await answers.all()).toEqual([response("later", "asked", true)]);
  });

  test("of which one leaves: the others still answer", async () => {
    const alice = someone();
    const [phone, laptop] = await Promise.all([connect(alice), connect(alice)]);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "one-leaves" });
    await phone!.next("request");
    await phone!.close();
    respond(laptop!, "one-leaves", "still here", true);
    expect(await answers.all()).toEqual([response("one-leaves", "still here", true)]);
  });

  test("of which one reads Server-Sent Events: it gets the request too, without moving its cursor", async () => {
    const alice = someone();
    const stream = await read(alice);
    const client = await connect(alice);
    await caller.push({ user_id: alice, message: "before" });
    const { id: cursor } = await stream.next("message");
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "sse" });
    const event = await stream.next("request");
    expect(event.id).toBe(cursor);
    expect(event.data).toEqual(await client.next("request"));
    respond(client, "sse", "from the WebSocket", true);
    expect(await answers.all()).toEqual([response("sse", "from the WebSocket", true)]);
  });
});

describe("how a request ends without a final response", () => {
  test("event: error with timeout, behind the responses that came", async () => {
    const alice = someone();
    const client = await connect(alice);
    const began = performance.now();
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "slow", timeout_ms: 150 });
    respond(client, "slow", "part");
    expect(await answers.all()).toEqual([response("slow", "part", false), failure("slow", "timeout")]);
    expect(performance.now() - began).toBeWithin(140, 2000);
    expect(await refusalOf(client, "slow")).toMatchObject({ type: "error", code: "not_found" });
  });

  test("a user who reads Server-Sent Events alone cannot respond: timeout", async () => {
    const alice = someone();
    const stream = await read(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "sse-alone", timeout_ms: 100 });
    await stream.next("request");
    expect(await answers.all()).toEqual([failure("sse-alone", "timeout")]);
  });

  test("event: error with gone, when the last of those who were asked has left", async () => {
    const alice = someone();
    const [phone, laptop] = await Promise.all([connect(alice), connect(alice)]);
    const stream = await read(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "gone" });
    await Promise.all([phone!.next("request"), laptop!.next("request"), stream.next("request")]);
    // One that was not asked does not count.
    const later = await connect(alice);
    respond(phone!, "gone", "part");
    await answers.next();
    await phone!.close();
    stream.abort();
    await laptop!.request({ type: "ping" });
    expect(answers.events.length).toBe(1);
    await laptop!.close();
    expect(await answers.all()).toEqual([response("gone", "part", false), failure("gone", "gone")]);
    expect(later.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("a final response and the end of the connection right behind it: the response is what counts", async () => {
    const alice = someone();
    for (let round = 0; round < 20; round++) {
      const client = await WebSocketClient.welcomed(server.url, `user_id=${alice}&topics=`);
      const answers = await ask({ user_id: alice, message: "?", correlation_id: `last-word-${round}` });
      await client.next("request");
      respond(client, `last-word-${round}`, "bye", true);
      client.socket.close();
      expect(await answers.all()).toEqual([response(`last-word-${round}`, "bye", true)]);
      await client.closed;
    }
  });

  test("a user whom an operator disconnects is gone", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await ask({ user_id: alice, message: "?", correlation_id: "disconnected" });
    await client.next("request");
    await fetch(`${server.url}/users/${alice}/disconnect`, { method: "POST" });
    expect(await answers.all()).toEqual([failure("disconnected", "gone")]);
  });

  test("a caller who goes away cancels: a late response is refused, and the correlation id is free", async () => {
    const alice = someone();
    const client = await connect(alice);
    const answers = await caller.send({ user_id: alice, message: "?", correlation_id: "cancelled" });
    await client.next("request");
    answers.abort();
    expect(await answers.ended).toBe("broken");
    await until(async () => (await tryToRespond(client, "cancelled", 1)) === "not_found");
    const again = await ask({ user_id: alice, message: "?", correlation_id: "cancelled" });
    await client.next("request");
    respond(client, "cancelled", 2, true);
    expect(await again.all()).toEqual([response("cancelled", 2, true)]);
  });
});

describe("timeout_ms", () => {
  test("is 30 s if it is not given, and the user is told", async () => {
    const alice = someone();
    const client = await connect(alice);
    await ask({ user_id: alice, message: "?" });
    expect(await client.next("request")).toMatchObject({ timeout_ms: 30_000 });
  });

  test("may be 300 s and no more", async () => {
    const alice = someone();
    const client = await connect(alice);
    await ask({ user_id: alice, message: "?", timeout_ms: 300_000 });
    expect(await client.next("request")).toMatchObject({ timeout_ms: 300_000 });
    for (const timeout_ms of [300_001, 0, -1, 1.5, "100", null, 1e300]) {
      const { status, body } = await caller.answer("send", { user_id: alice, message: "?", timeout_ms });
      expect([status, body.error.code]).toEqual([422, "invalid"]);
      expect(body.error.message).toStartWith("timeout_ms");
    }
  });
});
