import { describe, expect, test } from "bun:test";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { refusedUpgrade } from "../../support/upgrade.ts";
import { bearer, issuer, keys, token, useServer } from "./use-server.ts";

const it = useServer();

describe("a token at the handshake", () => {
  test("by Authorization, as a subprotocol, or in the query, says who it is", async () => {
    const good = await token({ role: "chat", subscribe: ["news"] });
    const offers = { "Sec-WebSocket-Protocol": `fanfare.v1, fanfare.token.${good}` };
    for (const options of [
      { path: "/ws?topics=news", headers: { Authorization: `Bearer ${good}` } },
      { path: "/ws?topics=news", headers: offers },
      { path: `/ws?topics=news&token=${good}` },
    ]) {
      const socket = await RawWebSocket.open(it.url, options);
      await socket.connection.waitFor("a welcome", () => socket.jsonFrames[0] ?? null);
      expect(socket.jsonFrames[0]).toMatchObject({
        type: "welcome",
        user_id: "alice",
        role: "chat",
        topics: [{ topic: "news" }, { topic: "user:alice" }],
      });
      socket.connection.destroy();
    }
  });

  test("is never repeated: the subprotocol that is answered is fanfare.v1", async () => {
    const offered = `fanfare.token.${await token()}, fanfare.v1`;
    const socket = await RawWebSocket.open(it.url, { headers: { "Sec-WebSocket-Protocol": offered } });
    expect(socket.handshake.headers.get("sec-websocket-protocol")).toBe("fanfare.v1");
    socket.connection.destroy();
  });

  test("says when it expires", async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const { welcome } = await it.enter({}, "topics=", { exp });
    expect(welcome.expires_at).toBe(exp * 1000);
    expect(welcome.expires_in_ms).toBeWithin(590_000, 600_001);
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ["is none", async () => "nonsense", /no signed JSON Web Token/],
    ["is empty", async () => "", /no signed JSON Web Token/],
    ["is expired", () => token({}, { exp: 1_700_000_000 }), /expired at 2023-11-14T22:13:20.000Z/],
    ["has no subject", () => token({}, { sub: undefined }), /claim sub/],
    ["has grants that cannot be read", () => token({ subscribe: "news" }), /claim fanfare.subscribe/],
  ])("that %s is answered 401, and says why", async (_what, make, reason) => {
    const refused = await refusedUpgrade(it.url, "", bearer(await make()));
    expect(refused).toMatchObject({
      status: 401,
      code: "unauthorized",
      message: expect.stringMatching(reason),
    });
    expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="fanfare", error="invalid_token"');
  });

  test("does not let its user be another", async () => {
    const good = await token();
    expect(await refusedUpgrade(it.url, "user_id=bob", bearer(good))).toMatchObject({
      status: 403,
      code: "forbidden",
      message: expect.stringContaining("user_id"),
    });
    const { welcome } = await it.enter({}, "topics=&user_id=alice");
    expect(welcome.user_id).toBe("alice");
  });

  test("is not needed where a server's key is brought; it belongs to nobody", async () => {
    const client = await it.open("topics=news", keys.all);
    const welcome = await client.next("welcome");
    expect(welcome).toMatchObject({ user_id: null, topics: [{ topic: "news" }] });
    expect(welcome.expires_at).toBeUndefined();
    client.send({ type: "publish", id: 1, topic: "news", message: "m" });
    expect(await client.next("message")).toMatchObject({ sender: "all" });
    expect(await refusedUpgrade(it.url, "user_id=bob", bearer(keys.all))).toMatchObject({ status: 403 });
    // A page has no other way to show one.
    const page = await it.open(`topics=news&token=${keys.subscribe}`);
    expect(await page.next("welcome")).toMatchObject({ user_id: null, topics: [{ topic: "news" }] });
  });
});

describe("topics", () => {
  test("that are there by default are left out in silence where they may not be read", async () => {
    const client = await it.enter({ subscribe: ["chat"] }, "");
    expect(client.welcome.topics.map(({ topic }: { topic: string }) => topic)).toEqual([
      "chat",
      "user:alice",
    ]);
    await client.request({ type: "ping" });
    expect(client.received.filter(({ type }) => type === "error")).toEqual([]);
  });

  test("that were asked for and may not be read are an error each", async () => {
    const client = await it.enter({ subscribe: ["a"] }, "topics=a,b,user:bob");
    expect(client.welcome.topics.map(({ topic }: { topic: string }) => topic)).toEqual(["a", "user:alice"]);
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "b" });
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "user:bob" });
  });

  test("may be subscribed where it is granted, with or without a position", async () => {
    const client = await it.enter({ subscribe: ["news.*"] });
    expect(await client.request({ type: "subscribe", topic: "news.a" })).toMatchObject({
      type: "subscribed",
    });
    const since = { epoch: "e", offset: 0 };
    for (const command of [
      { type: "subscribe", topic: "old" },
      { type: "subscribe", topic: "old", since },
      { type: "subscribe", topics: ["old"] },
    ]) {
      expect(await client.request(command)).toMatchObject({ type: "error", code: "forbidden", topic: "old" });
    }
  });
});

describe("commands", () => {
  test.each<[string, object, object]>([
    ["publish", { publish: ["t"] }, { type: "publish", topic: "t", message: "m" }],
    ["history", { history: ["t"] }, { type: "history", topic: "t" }],
    ["presence", { presence: ["t"] }, { type: "presence", topic: "t" }],
  ])("%s needs its grant", async (_what, grants, command) => {
    const granted = await it.enter(grants);
    expect((await granted.request(command)).type).not.toBe("error");
    const others = await it.enter({ subscribe: ["*"], publish: ["u"], history: ["u"], presence: ["u"] });
    expect(await others.request(command)).toMatchObject({ type: "error", code: "forbidden", topic: "t" });
  });

  test("a publication is from the token's subject", async () => {
    const client = await it.enter({ publish: ["t"], subscribe: ["t"] }, "topics=t&name=root");
    client.send({ type: "publish", topic: "t", message: "m" });
    expect(await client.next("message")).toMatchObject({ sender: "alice" });
  });

  test("two users' equal keys are different ones", async () => {
    const one = await it.enter({ publish: ["k"] });
    const two = await it.enter({ publish: ["k"] }, "topics=", { sub: "bob" });
    const command = { type: "publish", topic: "k", message: "m", key: "1" };
    const [first, second, again] = [
      await one.request(command),
      await two.request(command),
      await one.request(command),
    ];
    expect(second.offset).toBe(first.offset + 1);
    expect(again.offset).toBe(first.offset);
  });

  test("status is for administrators", async () => {
    const client = await it.enter({ role: "admin" });
    expect(await client.request({ type: "status_request" })).toMatchObject({
      type: "error",
      code: "forbidden",
    });
    const admin = await it.open("topics=", keys.admin);
    expect(await admin.request({ type: "status_request" })).toMatchObject({
      type: "status",
      node: it.server.node,
    });
  });
});

describe("roles", () => {
  const all = { subscribe: ["*"], publish: ["chat", "notifications"] };

  test("an admin's text is a notification, where it may publish those", async () => {
    const reader = await it.enter({ subscribe: ["notifications"] }, "topics=notifications");
    const admin = await it.enter({ ...all, role: "admin" });
    admin.send("all hands");
    expect(await reader.next("notification")).toMatchObject({ message: "all hands", sender: "alice" });
    const powerless = await it.enter({ role: "admin", publish: ["chat"] });
    powerless.send("all hands");
    expect(await powerless.next("error")).toMatchObject({ code: "forbidden", topic: "notifications" });
  });

  test("are the token's: client=admin and admin: make nobody one", async () => {
    const refused = await refusedUpgrade(it.url, "client=admin", bearer(await token(all)));
    expect(refused).toMatchObject({ status: 403, message: expect.stringContaining("client=admin") });
    const client = await it.enter(all);
    client.send("admin: all hands");
    expect(await client.next("error")).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("admin"),
    });
  });

  test("a chat needs a grant to chat", async () => {
    const client = await it.enter({ subscribe: ["chat"] });
    client.send("hello");
    expect(await client.next("error")).toMatchObject({ code: "forbidden", topic: "chat" });
  });

  test("a user only receives, whatever was granted; who is more may ask to be no more", async () => {
    for (const [role, query] of [
      ["user", "topics="],
      ["admin", "topics=&client=user"],
    ] as const) {
      const client = await it.enter({ ...all, role }, query);
      expect(client.welcome.role).toBe("user");
      client.send("hello");
      expect(await client.next("error")).toMatchObject({ code: "forbidden" });
      expect(await client.request({ type: "publish", topic: "chat", message: "m" })).toMatchObject({
        type: "error",
      });
    }
  });
});

describe("a refresh", () => {
  test("puts the newer token in the place of the old one; what it grants no more ends", async () => {
    const client = await it.enter({ subscribe: ["a", "b"], publish: ["a"] }, "topics=a,b");
    const exp = Math.floor(Date.now() / 1000) + 7200;
    const newer = await token({ subscribe: ["a", "c"] }, { exp });
    client.send({ type: "refresh", id: 7, token: newer });
    expect(await client.next("unsubscribed")).toEqual({
      type: "unsubscribed",
      topic: "b",
      code: "forbidden",
    });
    expect(await client.next("refreshed")).toMatchObject({ id: 7, expires_at: exp * 1000 });
    expect(await client.request({ type: "publish", topic: "a", message: "m" })).toMatchObject({
      code: "forbidden",
    });
    expect(await client.request({ type: "subscribe", topic: "c" })).toMatchObject({ type: "subscribed" });
    await it.publish("b", "gone");
    await it.publish("a", "still here");
    expect(await client.next("message")).toMatchObject({ topic: "a", message: "still here" });
  });

  test("changes the role", async () => {
    const client = await it.enter({ publish: ["notifications"] });
    await client.request({
      type: "refresh",
      token: await token({ role: "admin", publish: ["notifications"] }),
    });
    const reader = await it.enter({ subscribe: ["notifications"] }, "topics=notifications");
    client.send("by an admin");
    expect(await reader.next("notification")).toMatchObject({ message: "by an admin" });
  });

  test("keeps the subject", async () => {
    const client = await it.enter({ publish: ["a"] });
    const others = await token({ publish: ["b"] }, { sub: "bob" });
    expect(await client.request({ type: "refresh", token: others })).toMatchObject({ code: "forbidden" });
    expect(await client.request({ type: "publish", topic: "a", message: "m" })).toMatchObject({
      type: "ack",
    });
  });

  test("with a bad token changes nothing", async () => {
    const client = await it.enter({ publish: ["a"] });
    const expired = await token({}, { exp: 1_700_000_000 });
    expect(await client.request({ type: "refresh", token: expired })).toMatchObject({ code: "unauthorized" });
    expect(await client.request({ type: "publish", topic: "a", message: "m" })).toMatchObject({
      type: "ack",
    });
  });

  test("leaves what the server subscribed the user to", async () => {
    const client = await it.enter({}, "topics=", { sub: "carol" });
    expect(await it.post("/users/carol/subscribe", { topic: "placed" }, keys.admin)).toMatchObject({
      status: 200,
    });
    expect(await client.next("subscribed")).toMatchObject({ topic: "placed" });
    await client.request({ type: "refresh", token: await token({}, { sub: "carol" }) });
    await it.publish("placed", "m");
    expect(await client.next("message")).toMatchObject({ topic: "placed" });
  });
});

describe("the end", () => {
  test("comes with the token's: 4401", async () => {
    const exp = Math.floor(Date.now() / 1000) + 1;
    const client = await it.enter({}, "topics=", { exp });
    expect(await client.closed).toEqual({ code: 4401, reason: "token missing, invalid or expired" });
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
  });

  test("comes later for who refreshed", async () => {
    const client = await it.enter({}, "topics=", { exp: Math.floor(Date.now() / 1000) + 1 });
    await client.request({ type: "refresh", token: await issuer.issue({}) });
    await Bun.sleep(2100);
    expect(await client.request({ type: "ping" })).toMatchObject({ type: "pong" });
  });
});
