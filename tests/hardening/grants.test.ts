import { describe, expect, test } from "bun:test";
import { bearer, keys, token, useServer } from "../integration/auth/use-server.ts";

const it = useServer({ presenceEvents: ["lobby"] });

/** Alice may read and see everything that a token can grant by a star, and one topic to write to. */
const curious = { subscribe: ["*"], publish: ["mine"], presence: ["*"], history: ["*"] };

test("subscribe to another's user: topic: by the address, by command, by resume, by event stream, under any name", async () => {
  await it.publish("user:bob", "for bob alone");
  const { body: bob } = await it.ask("/topics/user:bob", keys.all);
  const since = { epoch: bob.epoch, offset: 0 };
  const client = await it.enter(curious, `topics=user:bob&since=user:bob:${bob.epoch}:0`);
  expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "user:bob" });
  for (const command of [
    { type: "subscribe", topic: "user:bob" },
    { type: "subscribe", topic: "user:bob", since },
    { type: "history", topic: "user:bob" },
    { type: "presence", topic: "user:bob" },
  ]) {
    expect(await client.request(command)).toMatchObject({ code: "forbidden", topic: "user:bob" });
  }
  expect(await client.request({ type: "subscribe", topics: ["user:bob", "user:alice"] })).toMatchObject({
    code: "forbidden",
  });
  for (const topic of ["user:bob ", "user%3Abob", "user:bob\0", "User:bob", "user::bob"]) {
    const { type, code } = await client.request({ type: "subscribe", topic });
    // Another name is another topic.
    expect([type, code]).not.toEqual(["subscribed", "user:bob"]);
  }
  const credential = await token(curious);
  for (const path of ["/topics/user:bob", "/topics/user%3Abob/history", "/topics/user:bob/presence"]) {
    expect((await it.ask(path, credential)).status).toBe(403);
  }
  for (const query of ["topic=user:bob", "topic=user%3Abob", "topics=user:bob", "topic=mine&user_id=bob"]) {
    expect((await it.ask(`/events?${query}`, credential)).status).toBe(403);
  }
  await it.publish("user:bob", "for bob alone");
  await client.request({ type: "ping" });
  expect(JSON.stringify(client.received)).not.toContain("for bob alone");
});

test("publish without grant: by every way in, to every topic but one", async () => {
  const credential = await token(curious);
  const client = await it.enter(curious, "topics=notifications,chat,alerts");
  for (const topic of ["chat", "notifications", "alerts", "user:bob", "user:alice", "mine2", "min", "MINE"]) {
    expect(await client.request({ type: "publish", topic, message: "m" })).toMatchObject({
      code: "forbidden",
    });
    expect((await it.post("/publish", { topic, message: "m" }, credential)).status).toBe(403);
  }
  for (const text of [
    "hello",
    "admin: hello",
    '{"message":"hello"}',
    '{"type":"notification","message":"hello"}',
  ]) {
    client.send(text);
    expect(await client.next("error")).toMatchObject({ code: "forbidden" });
  }
  for (const [path, body] of [
    ["/notify", { message: "m" }],
    ["/alerts", { message: "m" }],
    ["/sse/push", { user_id: "alice", message: "m" }],
    ["/sse/send", { user_id: "alice", message: "m" }],
    ["/publish", { topics: ["chat", "alerts"], message: "m" }],
    ["/publish/batch", [{ topic: "chat", message: "m" }]],
  ] as const) {
    expect((await it.post(path, body, credential)).status).toBe(403);
  }
  await client.request({ type: "ping" });
  expect(client.received.filter((frame) => "ts" in frame && "topic" in frame)).toEqual([]);
  for (const topic of ["chat", "notifications", "alerts", "user:alice", "mine2"]) {
    expect((await it.ask(`/topics/${topic}`, keys.all)).body.offset ?? 0).toBe(0);
  }
  expect(await client.request({ type: "publish", topic: "mine", message: "m" })).toMatchObject({
    type: "ack",
  });
});

test("presence leak: who reads a topic is told to nobody without the grant, and neither who is there at all", async () => {
  await it.enter({ subscribe: ["room"] }, "topics=room", { sub: "bob" });
  const credential = await token({ subscribe: ["room"], history: ["room"], publish: ["room"] });
  const client = await it.enter({ subscribe: ["room"] }, "topics=room");
  expect(await client.request({ type: "presence", topic: "room" })).toMatchObject({ code: "forbidden" });
  expect((await it.ask("/topics/room/presence", credential)).status).toBe(403);
  // Not even how many they are.
  for (const shown of [await it.ask("/topics/room", credential), await it.ask("/topics", credential)]) {
    expect(shown.status).toBe(200);
    expect(JSON.stringify(shown.body)).not.toContain("subscribers");
  }
  expect((await it.ask("/topics/room", keys.subscribe)).body.subscribers).toBe(2);
  // Whether a user is connected must not show in how a push is refused.
  const answers = await Promise.all(
    ["bob", "nobody"].map((user) => it.post("/sse/push", { user_id: user, message: "m" }, credential)),
  );
  const told = answers.map(({ status, body }) => [
    status,
    body.error.code,
    body.error.message.replace(/bob|nobody/, ""),
  ]);
  expect(told[0]).toEqual(told[1]!);
  for (const path of ["/users/bob/disconnect", "/nodes", "/status", "/metrics"]) {
    const method = path.startsWith("/users") ? "POST" : "GET";
    expect((await it.ask(path, credential, { method })).status).toBe(403);
  }
  expect(await client.request({ type: "status_request" })).toMatchObject({ code: "forbidden" });
});

test("presence leak: who joins and leaves is told to no reader without the grant, on WebSockets and event streams", async () => {
  const reading = { subscribe: ["lobby"] };
  const seeing = { ...reading, presence: ["lobby"] };
  const blind = await it.enter(reading, "topics=lobby");
  const elsewhere = await it.enter({ ...reading, presence: ["lob", "room"] }, "topics=lobby");
  const watcher = await it.enter(seeing, "topics=lobby");
  const [blindStream, watchingStream] = await Promise.all(
    [reading, seeing].map(async (grants) => it.stream("topic=lobby", bearer(await token(grants)))),
  );
  for (const stream of [blindStream!, watchingStream!]) await stream.next("subscribed");
  const told = (type: string, user: string) => ({ type, topic: "lobby", user_id: user });

  const bob = await it.enter(reading, "topics=lobby", { sub: "bob" });
  expect(await watcher.next((frame) => frame.user_id === "bob")).toEqual(told("join", "bob"));
  expect((await watchingStream!.next(({ data }) => data.user_id === "bob")).data).toEqual(
    told("join", "bob"),
  );
  await bob.close();
  expect(await watcher.next("leave")).toEqual(told("leave", "bob"));
  expect((await watchingStream!.next("leave")).data).toEqual(told("leave", "bob"));

  // All of them are readers; what is published next comes behind whatever had been told.
  await it.publish("lobby", "m");
  for (const client of [blind, elsewhere, watcher]) await client.next("message");
  for (const stream of [blindStream!, watchingStream!]) await stream.take("lobby", 1);
  expect(JSON.stringify([blind.received, elsewhere.received, blindStream!.events])).not.toContain("bob");
});

test("presence leak: a newer token that does not grant it ends being told, one that does begins it", async () => {
  const reading = { subscribe: ["lobby"] };
  const seeing = { ...reading, presence: ["lobby"] };
  const losing = await it.enter(seeing, "topics=lobby");
  const gaining = await it.enter(reading, "topics=lobby");
  const comes = async (user: string, watcher: typeof losing) => {
    const comer = await it.enter(reading, "topics=lobby", { sub: user });
    await watcher.next((frame) => frame.type === "join" && frame.user_id === user);
    await comer.close();
    await watcher.next((frame) => frame.type === "leave" && frame.user_id === user);
  };
  await comes("bob", losing);
  await losing.request({ type: "refresh", token: await token(reading) });
  await gaining.request({ type: "refresh", token: await token(seeing) });
  await comes("carol", gaining);
  for (const client of [losing, gaining]) await client.request({ type: "ping" });
  const toldOf = ({ received }: typeof losing) =>
    received
      .filter(({ type, user_id }) => type === "join" && user_id !== "alice")
      .map(({ user_id }) => user_id);
  expect([toldOf(losing), toldOf(gaining)]).toEqual([["bob"], ["carol"]]);
});

describe("history leak by resume", () => {
  test("a topic that may not be read is not replayed, whatever position is named", async () => {
    const { epoch } = await it.publish("secret", "the secret");
    const client = await it.enter(
      { subscribe: ["open"], history: ["open"] },
      `topics=secret,open&since=secret:${epoch}:0`,
    );
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "secret" });
    const since = { epoch, offset: 0 };
    expect(await client.request({ type: "subscribe", topic: "secret", since })).toMatchObject({
      code: "forbidden",
    });
    expect(await client.request({ type: "history", topic: "secret", since })).toMatchObject({
      code: "forbidden",
    });
    expect(JSON.stringify(client.received)).not.toContain("the secret");
  });

  test("what was missed while the right had ended is not replayed to who still holds the position", async () => {
    const { epoch } = await it.publish("shifting", "before");
    const client = await it.enter({ subscribe: ["shifting"] }, "topics=shifting");
    await client.request({ type: "refresh", token: await token({}) });
    expect(await client.next("unsubscribed")).toMatchObject({ topic: "shifting", code: "forbidden" });
    await it.publish("shifting", "the secret");
    const since = { epoch, offset: 1 };
    expect(await client.request({ type: "subscribe", topic: "shifting", since })).toMatchObject({
      code: "forbidden",
    });
    expect(JSON.stringify(client.received)).not.toContain("the secret");
  });

  test("the right to read is none to the history: asking for it is refused", async () => {
    await it.publish("readable", "m");
    const client = await it.enter({ subscribe: ["readable"] }, "topics=readable");
    expect(await client.request({ type: "history", topic: "readable" })).toMatchObject({ code: "forbidden" });
  });
});

test("SSE with another's cursor: it opens no topic that one may not read", async () => {
  await it.publish("user:carol", "for carol alone");
  await it.publish("team", "for the team alone");
  const carol = await it.stream("topic=team", bearer(await token({ subscribe: ["team"] }, { sub: "carol" })));
  await carol.next("subscribed");
  await it.publish("team", "first");
  await carol.take("team", 1);
  const stolen = carol.lastEventId;
  await it.publish("team", "for the team alone");
  await it.publish("user:carol", "for carol alone");
  const thief = await token({ subscribe: ["other"] });
  for (const query of ["topic=team&topic=other", "topic=user:carol&topic=other", "topic=other"]) {
    const stream = await it.stream(query, { ...bearer(thief), "last-event-id": stolen });
    const { data } = await stream.next("subscribed");
    const topics = data.map(({ topic }: { topic: string }) => topic);
    expect(topics).toEqual(["other", "user:alice"]);
    await it.publish("other", "m");
    await stream.take("other", 1);
    expect(JSON.stringify(stream.events)).not.toContain("alone");
  }
  expect((await it.ask("/events?topic=team", thief, { headers: { "last-event-id": stolen } })).status).toBe(
    403,
  );
});
