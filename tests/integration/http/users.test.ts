import { afterAll, afterEach, describe, expect, test } from "bun:test";
import type { CloseReason } from "../../../src/core/close-codes.ts";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

const disconnect = (id: string, headers: Record<string, string> = {}) =>
  server.fetch(`/users/${id}/disconnect`, { method: "POST", headers });

/** What connections were subscribed to and unsubscribed from. */
const changes: string[] = [];
afterEach(() => {
  changes.length = 0;
});

function connect(userId: string): CloseReason[] {
  const reasons: CloseReason[] = [];
  const connection = {
    id: crypto.randomUUID(),
    userId,
    transport: "websocket" as const,
    openedAt: 0,
    tell() {},
    addTopic(topic: string) {
      changes.push(`+${topic}`);
      return true;
    },
    removeTopic(topic: string) {
      changes.push(`-${topic}`);
      return true;
    },
    disconnect(why: CloseReason) {
      reasons.push(why);
      server.users.remove(connection);
    },
  };
  server.users.add(connection);
  return reasons;
}

test("ends all connections of the user, and nobody else's", async () => {
  const [first, second, other] = [connect("alice"), connect("alice"), connect("bob")];
  const answer = await disconnect("alice");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ user_id: "alice", disconnected: 2 });
  expect([first, second, other]).toEqual([["forbidden"], ["forbidden"], []]);
});

test("there may be nobody to disconnect", async () => {
  expect(await (await disconnect("nobody")).json()).toEqual({ user_id: "nobody", disconnected: 0 });
});

test("refuses an id that is none", async () => {
  const answer = await disconnect("a%20b");
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ error: { code: "invalid" } });
});

test("is refused to callers that a proxy speaks for", async () => {
  const reasons = connect("carol");
  expect((await disconnect("carol", { "x-forwarded-for": "203.0.113.7" })).status).toBe(403);
  expect(reasons).toEqual([]);
});

describe.each(["subscribe", "unsubscribe"])("%s", (action) => {
  const change = (id: string, body: unknown, headers?: Record<string, string>) =>
    server.post(`/users/${id}/${action}`, body, headers);
  const sign = action === "subscribe" ? "+" : "-";

  test("changes all connections of the user, by one topic or many", async () => {
    const reasons = [connect("dora"), connect("dora")];
    const one = await change("dora", { topic: "news" });
    expect([one.status, await one.json()]).toEqual([
      200,
      { user_id: "dora", topics: ["news"], connections: 2 },
    ]);
    const many = await change("dora", { topics: ["a", "b", "a"] });
    expect(await many.json()).toEqual({ user_id: "dora", topics: ["a", "b"], connections: 2 });
    expect(changes).toEqual(["news", "news", "a", "b", "a", "b"].map((topic) => sign + topic));
    await disconnect("dora");
    expect(reasons).toEqual([["forbidden"], ["forbidden"]]);
  });

  test.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "bad_request"],
    ["no object", [], 422, "invalid"],
    ["neither topic nor topics", {}, 422, "invalid"],
    ["both", { topic: "a", topics: ["b"] }, 422, "invalid"],
    ["no topic at all", { topics: [] }, 422, "invalid"],
    ["a name that is none", { topics: ["a", "b c"] }, 422, "invalid"],
    ["more than a connection may read", { topics: Array(1001).fill("a") }, 413, "too_large"],
  ])("refuses a body with %s, and changes nothing", async (_, body, status, code) => {
    connect("erin");
    const answer = await change("erin", body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
    expect(changes).toEqual([]);
    await disconnect("erin");
  });

  test("is not found where the user is connected nowhere", async () => {
    const answer = await change("nobody", { topic: "news" });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
  });

  test("is refused to callers that a proxy speaks for", async () => {
    connect("frank");
    const answer = await change("frank", { topic: "news" }, { "x-forwarded-for": "203.0.113.7" });
    expect(answer.status).toBe(403);
    expect(changes).toEqual([]);
  });
});
