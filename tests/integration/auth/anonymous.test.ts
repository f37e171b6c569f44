import { describe, expect, test } from "bun:test";
import { refusedUpgrade } from "../../support/upgrade.ts";
import { bearer, keys, token, useServer } from "./use-server.ts";

describe("keys without tokens", () => {
  const it = useServer({ jwtSecret: null, anonymousSubscribe: ["news", "score:*"] });

  test("leave WebSockets anonymous: they read what is free to read", async () => {
    const client = await it.open("topics=news,score:1,other,user:bob");
    const welcome = await client.next("welcome");
    expect(welcome.user_id).toBeNull();
    expect(welcome.topics.map(({ topic }: { topic: string }) => topic)).toEqual(["news", "score:1"]);
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "other" });
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "user:bob" });
    await it.publish("score:1", "1:0");
    expect(await client.next("message")).toMatchObject({ topic: "score:1" });
  });

  test("they may do nothing else", async () => {
    const client = await it.open("topics=news&name=bob");
    await client.next("welcome");
    for (const command of [
      { type: "publish", topic: "news", message: "m" },
      { type: "history", topic: "news" },
      { type: "presence", topic: "news" },
      { type: "subscribe", topic: "other" },
      { type: "subscribe", topic: "user:bob", since: { epoch: "e", offset: 0 } },
      { type: "status_request" },
    ]) {
      expect(await client.request(command)).toMatchObject({ type: "error", code: "forbidden" });
    }
    client.send("hello");
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "chat" });
    client.send("admin: hello");
    expect(await client.next("error")).toMatchObject({ code: "forbidden" });
  });

  test("nobody is a user or an admin by saying so", async () => {
    for (const query of ["user_id=bob", "client=admin"]) {
      expect(await refusedUpgrade(it.url, query)).toMatchObject({ status: 403, code: "forbidden" });
    }
    expect((await it.ask("/events?topic=news&user_id=bob")).status).toBe(403);
  });

  test("event streams are anonymous too", async () => {
    const stream = await it.stream("topic=news");
    expect((await stream.next("subscribed")).data).toMatchObject([{ topic: "news" }]);
    expect((await it.ask("/events?topic=other")).status).toBe(403);
  });

  test("REST needs a key", async () => {
    expect((await it.ask("/topics/news")).status).toBe(401);
    expect((await it.post("/publish", { topic: "news", message: "m" })).status).toBe(401);
    expect((await it.post("/publish", { topic: "news", message: "m" }, keys.publish)).status).toBe(200);
  });

  test("tokens are not taken, and none can be revoked", async () => {
    const shown = await token({ subscribe: ["*"] });
    expect(await refusedUpgrade(it.url, "", bearer(shown))).toMatchObject({ status: 401 });
    expect(await refusedUpgrade(it.url, `token=${shown}`)).toMatchObject({ status: 401 });
    const client = await it.open();
    await client.next("welcome");
    expect(await client.request({ type: "refresh", token: shown })).toMatchObject({ code: "bad_request" });
    expect((await it.post("/revocations", { user_id: "alice" }, keys.admin)).status).toBe(400);
  });
});

test("free to read is nothing where nothing is said", async () => {
  const client = await silent.open("");
  expect(await client.next("welcome")).toMatchObject({ topics: [] });
  expect((await silent.ask("/events?topic=news")).status).toBe(403);
});
const silent = useServer({ jwtSecret: null });

describe("open mode", () => {
  const it = useServer({ jwtSecret: null, apiKeys: [] });

  test("asks nobody, whatever they bring", async () => {
    const client = await it.open("topics=news&user_id=bob&client=admin", "whatever");
    expect(await client.next("welcome")).toMatchObject({ user_id: "bob", role: "admin" });
    for (const type of ["authenticate", "refresh"]) {
      expect(await client.request({ type, token: "t" })).toMatchObject({
        code: "bad_request",
        message: expect.stringContaining("open mode"),
      });
    }
    expect((await it.post("/publish", { topic: "t", message: "m" }, "whatever")).status).toBe(200);
    expect((await it.ask("/events?topic=t&token=x", undefined, { method: "HEAD" })).status).toBe(200);
  });
});
