import { afterAll, expect, test } from "bun:test";
import type { CloseReason } from "../../../src/core/close-codes.ts";
import { startApplication } from "./support/application-server.ts";

const server = startApplication();
afterAll(() => server.stop());

const disconnect = (id: string, headers: Record<string, string> = {}) =>
  server.fetch(`/users/${id}/disconnect`, { method: "POST", headers });

function connect(userId: string): CloseReason[] {
  const reasons: CloseReason[] = [];
  const connection = {
    id: crypto.randomUUID(),
    userId,
    transport: "websocket" as const,
    tell() {},
    addTopic: () => true,
    removeTopic: () => true,
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
