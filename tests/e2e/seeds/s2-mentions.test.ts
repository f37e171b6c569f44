import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { startTestServer } from "../../support/server.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";
import { BridgeCaller, type EventReader } from "./support/bridge-caller.ts";

/** Nobody ever connects as `sleeping`. */
const publicAccounts = ["support", "support-eu", "news.bot", "sleeping"];

let server: RunningServer;
let caller: BridgeCaller;
const leaving: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startTestServer({ publicAccounts });
  caller = new BridgeCaller(server.url);
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(leaving.splice(0).map((leave) => leave()));
});

async function connect(userId: string): Promise<WebSocketClient> {
  const client = await WebSocketClient.welcomed(server.url, `user_id=${userId}&topics=`);
  leaving.push(() => client.close());
  return client;
}

let fences = 0;

/** The texts that each got until a fence that is pushed to all of them. */
async function gotBy(clients: Record<string, WebSocketClient>): Promise<Record<string, string[]>> {
  const fence = `fence-${++fences}`;
  const got: Record<string, string[]> = {};
  for (const [userId, client] of Object.entries(clients)) {
    expect((await caller.push({ user_id: userId, data: fence })).status).toBe(200);
    await client.next(({ data }: Frame) => data === fence);
    got[userId] = client.received.flatMap(({ message, ts }) =>
      ts && message !== undefined ? [message] : [],
    );
  }
  return got;
}

/** How far each user's own topic has come. */
async function offsetsOf(...userIds: string[]): Promise<(number | null)[]> {
  const topics = await Promise.all(userIds.map((userId) => caller.topicOf(userId)));
  return topics.map((topic) => topic?.offset ?? null);
}

describe("public account @mentions", () => {
  test("route a push to the account instead of its recipient", async () => {
    const clients = { alice: await connect("alice"), support: await connect("support") };
    const { status, body } = await caller.push({
      user_id: "alice",
      message: "@support my order",
      data: { id: 1 },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ status: "success", topic: "user:support", epoch: expect.any(String), offset: 1 });
    expect(await gotBy(clients)).toEqual({ alice: [], support: ["@support my order"] });
  });

  test("route although the recipient is connected nowhere, of whom nothing is stored", async () => {
    const clients = { support: await connect("support") };
    expect((await caller.push({ user_id: "nobody", message: "@support hello" })).status).toBe(200);
    expect(await gotBy(clients)).toEqual({ support: ["@support hello"] });
    expect(await caller.topicOf("nobody")).toBeNull();
  });

  test("are found at the start of any word, and followed by any punctuation", async () => {
    const clients = { alice: await connect("alice"), support: await connect("support") };
    const texts = [
      "hello @support",
      "(@support)",
      "a\n@support!",
      "@support, please",
      "ask @support.",
      "@support: hi",
    ];
    for (const message of texts) await caller.push({ user_id: "alice", message });
    expect(await gotBy(clients)).toEqual({ alice: [], support: texts });
  });

  test("are neither e-mail addresses nor longer names nor accounts that are not public", async () => {
    const clients = {
      alice: await connect("alice"),
      support: await connect("support"),
      bob: await connect("bob"),
    };
    const texts = [
      "mail@support",
      "write to help@support.example",
      "@supporters",
      "@support.example",
      "@@support",
      "@Support",
      "@bob",
      "@",
      "support",
    ];
    for (const message of texts) await caller.push({ user_id: "alice", message });
    expect(await gotBy(clients)).toEqual({ alice: texts, support: [], bob: [] });
  });

  test("mean the longest account that fits", async () => {
    const clients = { support: await connect("support"), "support-eu": await connect("support-eu") };
    await caller.push({ user_id: "alice", message: "@support-eu hello" });
    expect(await gotBy(clients)).toEqual({ support: [], "support-eu": ["@support-eu hello"] });
  });

  test("are looked for in the message alone, not in the data", async () => {
    const clients = { alice: await connect("alice"), support: await connect("support") };
    await caller.push({ user_id: "alice", message: "hello", data: "@support" });
    expect(await gotBy(clients)).toEqual({ alice: ["hello"], support: [] });
  });

  test("of several accounts reach each of them once, with its own position", async () => {
    const clients = { support: await connect("support"), "news.bot": await connect("news.bot") };
    const before = await offsetsOf("support", "news.bot");
    const message = "@support and @news.bot and @support again";
    const { status, body } = await caller.push({ user_id: "alice", message });
    const position = (user_id: string, offset: number) => ({
      user_id,
      topic: `user:${user_id}`,
      epoch: expect.any(String),
      offset,
    });
    const results = [position("support", before[0]! + 1), position("news.bot", before[1]! + 1)];
    const { user_id: _, ...first } = results[0]!;
    expect(status).toBe(200);
    expect(body).toEqual({ status: "success", ...first, results });
    expect(await gotBy(clients)).toEqual({ support: [message], "news.bot": [message] });
  });

  test("of an account that is away are 404, and nothing is stored for anyone", async () => {
    const clients = { alice: await connect("alice"), support: await connect("support") };
    const before = await offsetsOf("alice", "support", "sleeping");
    for (const message of ["@sleeping", "@support @sleeping", "@sleeping @support"]) {
      const { status, body } = await caller.push({ user_id: "alice", message });
      expect([status, body.error.code]).toEqual([404, "not_found"]);
      expect(body.error.message).toContain("account");
    }
    expect(await offsetsOf("alice", "support", "sleeping")).toEqual(before);
    expect(before[2]).toBeNull();
    expect(await gotBy(clients)).toEqual({ alice: [], support: [] });
  });

  test("route each message of a batch by itself", async () => {
    const clients = { alice: await connect("alice"), support: await connect("support") };
    const [alice, support] = await offsetsOf("alice", "support");
    const { body } = await caller.batch([
      { user_id: "alice", message: "@support one" },
      { user_id: "alice", message: "two" },
      { user_id: "alice", message: "@sleeping three" },
      { user_id: "alice", message: "four" },
    ]);
    expect(body.results).toEqual([
      { user_id: "alice", status: "ok", offset: support! + 1 },
      { user_id: "alice", status: "ok", offset: alice! + 1 },
      { user_id: "alice", status: "error", error: { code: "not_found", message: expect.any(String) } },
      { user_id: "alice", status: "ok", offset: alice! + 2 },
    ]);
    expect(await gotBy(clients)).toEqual({ alice: ["two", "four"], support: ["@support one"] });
  });

  test("route a request: the account is asked, and the recipient's response is refused", async () => {
    const [alice, support] = [await connect("alice"), await connect("support")];
    const answers = await caller.send({ user_id: "alice", message: "@support ?", correlation_id: "one" });
    expect(await support.next("request")).toMatchObject({ message: "@support ?", correlation_id: "one" });
    const refused = await alice.request({ type: "response", correlation_id: "one", data: 1, final: true });
    expect(refused).toMatchObject({ code: "forbidden" });
    support.send({ type: "response", correlation_id: "one", data: 2, final: true });
    expect((await answers.all()).map(({ data }) => data.data)).toEqual([2]);
    expect(alice.received.some(({ type }) => type === "request")).toBe(false);
  });

  test("route a request to several accounts, which all answer on one stream", async () => {
    const [support, news] = [await connect("support"), await connect("news.bot")];
    const message = "@support @news.bot ?";
    const answers: EventReader = await caller.send({ user_id: "alice", message, correlation_id: "both" });
    await Promise.all([support.next("request"), news.next("request")]);
    support.send({ type: "response", correlation_id: "both", data: "support" });
    await answers.next();
    news.send({ type: "response", correlation_id: "both", data: "news", final: true });
    expect((await answers.all()).map(({ data }) => data.data)).toEqual(["support", "news"]);
  });

  test("of an account that is away refuse a request, and nobody is asked", async () => {
    const [alice, support] = [await connect("alice"), await connect("support")];
    const { status } = await caller.answer("send", { user_id: "alice", message: "@support @sleeping ?" });
    expect(status).toBe(404);
    for (const client of [alice, support]) {
      await client.request({ type: "ping" });
      expect(client.received.some(({ type }) => type === "request")).toBe(false);
    }
  });
});

test("without PUBLIC_ACCOUNTS an @ is text", async () => {
  const plain = await startTestServer();
  try {
    const alice = await WebSocketClient.welcomed(plain.url, "user_id=alice");
    await WebSocketClient.welcomed(plain.url, "user_id=support");
    await new BridgeCaller(plain.url).push({ user_id: "alice", message: "@support hello" });
    expect((await alice.next("message")).message).toBe("@support hello");
  } finally {
    await plain.stop();
  }
});
