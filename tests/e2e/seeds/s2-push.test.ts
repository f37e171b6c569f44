import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller, curl, EventReader } from "./support/bridge-caller.ts";

let server: RunningServer;
let caller: BridgeCaller;
const clients: { close(): unknown }[] = [];

beforeAll(async () => {
  server = await startTestServer({ batchMax: 1000 });
  caller = new BridgeCaller(server.url);
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(userId: string, query = "") {
  const client = await WebSocketClient.welcomed(server.url, `user_id=${userId}${query}`);
  clients.push(client);
  return client;
}

/** A user of this test alone. */
let users = 0;
const someone = () => `user-${++users}`;

const isPublication = (frame: Frame) => "topic" in frame && "ts" in frame;

/** Publishes to a client's own topic behind what is to be proved absent; resolves when it has come. */
async function fence(userId: string, client: WebSocketClient): Promise<void> {
  await caller.push({ user_id: userId, message: "fence", type: "fence" });
  await client.next("fence");
}

describe("POST /sse/push - Push one-way notification", () => {
  test("reaches every connection of the user, and nobody else", async () => {
    const alice = someone();
    const bob = someone();
    const [phone, laptop, other] = await Promise.all([connect(alice), connect(alice), connect(bob)]);
    const { status, body } = await caller.push({
      user_id: alice,
      message: "hi",
      data: { order: 17 },
      type: "order",
    });
    expect(status).toBe(200);
    const expected = { type: "order", topic: `user:${alice}`, offset: 1, message: "hi", data: { order: 17 } };
    for (const client of [phone, laptop])
      expect(await client!.next("order")).toEqual({ ...expected, ts: expect.any(Number) });
    expect(body).toEqual({ status: "success", topic: `user:${alice}`, epoch: expect.any(String), offset: 1 });
    await fence(bob, other!);
    expect(other!.received.filter(isPublication).map(({ type }) => type)).toEqual(["fence"]);
  });

  test("takes a message or data, any JSON; the type is message if none is given", async () => {
    const alice = someone();
    const client = await connect(alice);
    for (const content of [
      { message: "" },
      { message: 'é\u2028\n"' },
      { data: null },
      { data: [1, { a: "b" }] },
    ]) {
      expect((await caller.push({ user_id: alice, ...content })).status).toBe(200);
      const { ts: _, offset: __, ...frame } = await client.next("message");
      expect(frame).toEqual({ type: "message", topic: `user:${alice}`, ...content });
    }
  });

  test("works by curl as it is documented, with and without a trailing slash", async () => {
    const alice = someone();
    const client = await connect(alice);
    const body = JSON.stringify({ user_id: alice, message: "by curl" });
    const options = ["-X", "POST", "-H", "Content-Type: application/json", "-d", body];
    const position = { topic: `user:${alice}`, epoch: expect.any(String) };
    expect(JSON.parse(await curl(...options, `${server.url}/sse/push`))).toEqual({
      status: "success",
      ...position,
      offset: 1,
    });
    expect(JSON.parse(await curl(...options, `${server.url}/sse/push/`))).toMatchObject({ offset: 2 });
    expect(JSON.parse(await curl("-d", body, `${server.url}/sse/push`))).toMatchObject({ offset: 3 });
    for (let offset = 1; offset <= 3; offset++)
      expect(await client.next("message")).toMatchObject({ message: "by curl", offset });
  });

  test("is one way: nothing the client sends answers it", async () => {
    const alice = someone();
    const client = await connect(alice);
    await caller.push({ user_id: alice, message: "hi", correlation_id: "c" });
    const answer = await client.request({ type: "response", correlation_id: "c", data: 1 });
    expect(answer).toMatchObject({ type: "error", code: "not_found" });
  });

  test("keeps the order of what was pushed, one after the other", async () => {
    const alice = someone();
    const client = await connect(alice);
    for (let index = 0; index < 50; index++) await caller.push({ user_id: alice, data: index });
    await fence(alice, client);
    const data = client.received.filter(({ type }) => type === "message").map((frame) => frame.data);
    expect(data).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test("has a position, so that a user who was away for a moment gets what was missed", async () => {
    const alice = someone();
    const [phone, laptop] = await Promise.all([connect(alice), connect(alice)]);
    const first = (await caller.push({ user_id: alice, message: "one" })).body;
    await phone!.next("message");
    await phone!.close();
    await caller.push({ user_id: alice, message: "two" });
    const since = `user:${alice}:${first.epoch}:${first.offset}`;
    const back = await connect(alice, `&topics=&since=${since}`);
    expect(await back.next("message")).toMatchObject({ message: "two", offset: 2 });
    expect(laptop!.socket.readyState).toBe(WebSocket.OPEN);
  });

  test("to a user who is connected nowhere is 404, and nothing is stored", async () => {
    const alice = someone();
    const { status, body } = await caller.push({ user_id: alice, message: "hi" });
    expect(status).toBe(404);
    expect(body).toEqual({ error: { code: "not_found", message: expect.any(String) } });
    expect(await caller.topicOf(alice)).toBeNull();
    const client = await connect(alice);
    expect(client.welcome.topics).toContainEqual({
      topic: `user:${alice}`,
      epoch: expect.any(String),
      offset: 0,
    });
  });

  test("to a user whose last connection has closed is 404, and nothing is stored", async () => {
    const alice = someone();
    const [phone, laptop] = await Promise.all([connect(alice), connect(alice)]);
    await phone!.close();
    expect((await caller.push({ user_id: alice, message: "one" })).status).toBe(200);
    await laptop!.close();
    expect((await caller.push({ user_id: alice, message: "two" })).status).toBe(404);
    expect(await caller.topicOf(alice)).toMatchObject({ offset: 1 });
  });

  test("does not take a connection without a user id, or of a reader of the user's topic, for the user", async () => {
    const alice = someone();
    clients.push(await WebSocketClient.welcomed(server.url, `topics=user:${alice}`));
    expect((await caller.push({ user_id: alice, message: "hi" })).status).toBe(404);
  });

  test("reaches a connection that named no topics of its own", async () => {
    const alice = someone();
    const client = await connect(alice, "&topics=");
    await caller.push({ user_id: alice, message: "hi" });
    expect(await client.next("message")).toMatchObject({ message: "hi" });
  });
});

describe("a user who reads Server-Sent Events", () => {
  test("is connected, and gets pushes with a cursor that a WebSocket resumes from", async () => {
    const alice = someone();
    const stream = await EventReader.open(`${server.url}/events?user_id=${alice}`);
    clients.push({ close: () => stream.abort() });
    await stream.next("subscribed");
    expect((await caller.push({ user_id: alice, message: "one", type: "order" })).status).toBe(200);
    const event = await stream.next("order");
    expect(event.data).toMatchObject({ topic: `user:${alice}`, message: "one", offset: 1 });
    await caller.push({ user_id: alice, message: "two" });
    const client = await connect(alice, `&topics=&since=${event.id}`);
    expect(await client.next("message")).toMatchObject({ message: "two", offset: 2 });
  });

  test("is connected nowhere once the stream has ended", async () => {
    const alice = someone();
    const stream = await EventReader.open(`${server.url}/events?user_id=${alice}`);
    await stream.next("subscribed");
    stream.abort();
    await stream.ended;
    const deadline = performance.now() + 3000;
    while ((await caller.push({ user_id: alice, message: "hi" })).status !== 404) {
      expect(performance.now()).toBeLessThan(deadline);
      await Bun.sleep(5);
    }
  });
});

describe("POST /sse/push/batch - Push multiple messages in batch", () => {
  const ok = (user_id: string, offset: number) => ({ user_id, status: "ok", offset });
  const failed = (user_id: string | undefined, code: string) => ({
    ...(user_id === undefined ? {} : { user_id }),
    status: "error",
    error: { code, message: expect.any(String) },
  });

  for (const [form, wrap] of [
    ["a JSON array", (messages: object[]) => messages],
    ['{"messages": […]}', (messages: object[]) => ({ messages })],
  ] as const) {
    test(`takes ${form}, and answers for each in their order`, async () => {
      const [alice, bob] = [someone(), someone()];
      const [a, b] = await Promise.all([connect(alice), connect(bob)]);
      const messages = [
        { user_id: alice, message: "1" },
        { user_id: bob, data: 2, type: "order" },
        { user_id: alice, message: "3" },
      ];
      const { status, body } = await caller.batch(wrap(messages));
      expect(status).toBe(200);
      expect(body).toEqual({ results: [ok(alice, 1), ok(bob, 1), ok(alice, 2)] });
      expect((await a!.next("message")).message).toBe("1");
      expect((await a!.next("message")).message).toBe("3");
      expect((await b!.next("order")).data).toBe(2);
    });
  }

  test("one bad message never spoils the rest", async () => {
    const [alice, away] = [someone(), someone()];
    const client = await connect(alice);
    const large = "x".repeat(70_000);
    const deep = JSON.parse(`${"[".repeat(130)}${"]".repeat(130)}`);
    const bad: [unknown, object][] = [
      [{ user_id: away, message: "x" }, failed(away, "not_found")],
      [{ user_id: alice }, failed(alice, "invalid")],
      [{ message: "x" }, failed(undefined, "invalid")],
      [{ user_id: 7, message: "x" }, failed(undefined, "invalid")],
      [{ user_id: "a b", message: "x" }, failed("a b", "invalid")],
      [{ user_id: alice, message: 1 }, failed(alice, "invalid")],
      [{ user_id: alice, message: large }, failed(alice, "too_large")],
      [{ user_id: alice, data: deep }, failed(alice, "invalid")],
      [{ user_id: alice, message: "x", type: "welcome" }, failed(alice, "invalid")],
      [null, failed(undefined, "invalid")],
      ["x", failed(undefined, "invalid")],
      [[{ user_id: alice, message: "x" }], failed(undefined, "invalid")],
    ];
    const good = { user_id: alice, message: "good" };
    const { status, body } = await caller.batch([...bad.flatMap(([message]) => [good, message]), good]);
    expect(status).toBe(200);
    const expected = bad.flatMap(([, result], index) => [ok(alice, index + 1), result]);
    expect(body).toEqual({ results: [...expected, ok(alice, bad.length + 1)] });
    await fence(alice, client);
    const received = client.received.filter(isPublication).map(({ message }) => message);
    expect(received).toEqual([...Array(bad.length + 1).fill("good"), "fence"]);
    expect(await caller.topicOf(away)).toBeNull();
  });

  test("a user id that is none is named in its result, cut to the length of one", async () => {
    const { body } = await caller.batch([{ user_id: "é".repeat(1000), message: "x" }]);
    expect(body).toEqual({ results: [failed("é".repeat(255), "invalid")] });
  });

  test("of as many as BATCH_MAX is taken; of 10,000 it is a clear 413, and nothing is pushed", async () => {
    const alice = someone();
    const client = await connect(alice);
    const messages = (length: number) => Array.from({ length }, () => ({ user_id: alice, message: "x" }));
    for (const body of [messages(10_000), { messages: messages(10_000) }, messages(1001)]) {
      const refused = await caller.batch(body);
      expect(refused).toEqual({
        status: 413,
        body: { error: { code: "too_large", message: expect.stringContaining("at most 1000") } },
      });
    }
    expect(await caller.topicOf(alice)).toMatchObject({ offset: 0 });
    const taken = await caller.batch(messages(1000));
    expect(taken.status).toBe(200);
    expect(taken.body.results).toEqual(Array.from({ length: 1000 }, (_, index) => ok(alice, index + 1)));
    await fence(alice, client);
    expect(client.received.filter(({ type }) => type === "message").map(({ offset }) => offset)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
  });

  test("of none is answered for none", async () => {
    expect(await caller.batch([])).toEqual({ status: 200, body: { results: [] } });
    expect(await caller.batch({ messages: [] })).toEqual({ status: 200, body: { results: [] } });
  });

  test("works by curl, from a file", async () => {
    const alice = someone();
    await connect(alice);
    const file = join(tmpdir(), `fanfare-batch-${crypto.randomUUID()}.json`);
    await Bun.write(file, JSON.stringify([{ user_id: alice, message: "1" }]));
    const options = ["-X", "POST", "-H", "Content-Type: application/json", "--data-binary", `@${file}`];
    const answer = JSON.parse(await curl(...options, `${server.url}/sse/push/batch`));
    await Bun.file(file).delete();
    expect(answer).toEqual({ results: [ok(alice, 1)] });
  });
});
