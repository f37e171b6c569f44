import { describe, expect, test } from "bun:test";
import type { Frame } from "../../support/websocket-client.ts";
import { useServer } from "./use-server.ts";

const server = useServer();

/** What the whole room hears when one client sends something; a mark after it shows that this was all. */
async function hears(query: string, frame: Frame | string): Promise<Frame[]> {
  const listener = await server.connect("topics=chat,notifications");
  const client = await server.connect(`topics=&${query}`);
  client.send(frame);
  await client.request({ type: "ping" });
  await server.publish("chat", ["mark"], { event: "mark" });
  await listener.next("mark");
  return listener.received.filter(({ type }) => type !== "welcome" && type !== "mark");
}

describe("text", () => {
  test.each([
    ["a word", "hello"],
    ["a number", "42"],
    ["a JSON string", '"x"'],
    ["a JSON list", '[{"type":"publish"}]'],
    ["nothing", ""],
    ["a brace later on", "look {"],
    ["beyond ASCII", "grüß dich ☃ \u{1F600}"],
  ])("%s is a chat message for all", async (_, text) => {
    const [echo, ...more] = await hears("name=Al", text);
    expect(more).toEqual([]);
    expect(echo).toEqual({
      type: "echo",
      topic: "chat",
      offset: echo!.offset,
      ts: echo!.ts,
      sender: "Al",
      message: text,
    });
  });

  test("an object without type follows the chat rules with its message and data", async () => {
    const [echo] = await hears("user_id=alice", { message: "hi", data: [1] });
    expect(echo).toMatchObject({ type: "echo", topic: "chat", sender: "alice", message: "hi", data: [1] });
  });

  test("the sender hears itself, and gets an ack if it gave an id", async () => {
    const client = await server.connect("topics=chat");
    const ack = await client.request({ message: "hi" });
    expect(ack).toMatchObject({ type: "ack", topic: "chat" });
    expect(await client.next("echo")).toMatchObject({ message: "hi", offset: ack.offset });
  });

  test.each([
    ["text", "hello", { message: "hello" }],
    [
      "a notification frame",
      { type: "notification", message: "Hello!", data: 1 },
      { message: "Hello!", data: 1 },
    ],
    ["text with the prefix", "admin:hello", { message: "hello" }],
  ])("an admin's %s is a notification", async (_, frame, content) => {
    const [notification, ...more] = await hears("client=admin&user_id=root", frame);
    expect(more).toEqual([]);
    expect(notification).toMatchObject({
      type: "notification",
      topic: "notifications",
      sender: "root",
      ...content,
    });
  });

  test.each([["client=user"], ["name=Al"]])(
    "admin: from ?%s is a notification, the prefix stripped",
    async (query) => {
      const [notification, ...more] = await hears(query, "admin:Hello World!");
      expect(more).toEqual([]);
      expect(notification).toMatchObject({
        type: "notification",
        topic: "notifications",
        message: "Hello World!",
      });
    },
  );

  test("a notification frame from anyone else is a chat message", async () => {
    const [echo] = await hears("name=Al", { type: "notification", message: "Hello!" });
    expect(echo).toMatchObject({ type: "echo", topic: "chat", message: "Hello!" });
  });

  test("a receive-only client is refused, in the earlier server's words, and nobody hears it", async () => {
    for (const frame of [
      "hello",
      '{"message":"x"}',
      '{"type":"notification","message":"x"}',
      '{"type":"publish","topic":"chat","message":"x"}',
    ]) {
      const client = await server.connect("topics=&client=user");
      client.send(frame);
      expect(await client.next("error")).toEqual({
        type: "error",
        code: "forbidden",
        message: "You are not authorized",
      });
    }
    expect(await hears("client=user", "hello")).toEqual([]);
  });

  test("a receive-only client may subscribe, ask and ping", async () => {
    const client = await server.connect("topics=&client=user");
    for (const [command, answer] of [
      [{ type: "subscribe", topic: "chat" }, "subscribed"],
      [{ type: "history", topic: "chat" }, "history"],
      [{ type: "presence", topic: "chat" }, "presence"],
      [{ type: "ping" }, "pong"],
      [{ type: "status_request" }, "status"],
      [{ type: "unsubscribe", topic: "chat" }, "unsubscribed"],
    ] as const) {
      expect((await client.request(command)).type).toBe(answer);
    }
  });

  test.each([
    ["broken JSON", '{"type":', "bad_request"],
    ["broken JSON behind blanks", '  \n{"message"', "bad_request"],
    ["an unknown type", '{"type":"shout","message":"x"}', "bad_request"],
    ["an object with nothing to say", "{}", "invalid"],
  ])("%s is answered, and nobody hears it", async (_, frame, code) => {
    expect(await hears("name=Al", frame)).toEqual([]);
    const client = await server.connect();
    client.send(frame);
    expect((await client.next("error")).code).toBe(code);
    expect((await client.request({ type: "ping" })).type).toBe("pong");
  });

  test("binary frames are refused, and the connection lives on", async () => {
    const client = await server.connect();
    client.socket.send(new TextEncoder().encode('{"type":"ping"}'));
    expect(await client.next("error")).toMatchObject({ code: "bad_request" });
    expect((await client.request({ type: "ping" })).type).toBe("pong");
  });
});

describe("who it is from", () => {
  test("user id, else name, else a guest with six characters of the connection's id", async () => {
    const senderOf = async (query: string) => {
      const client = await server.connect(`topics=chat&${query}`);
      client.send("hi");
      return [(await client.next("echo")).sender, client.welcome.connection_id.slice(0, 6)];
    };
    expect((await senderOf("user_id=alice&name=Al"))[0]).toBe("alice");
    expect((await senderOf("name=J%C3%BCrgen"))[0]).toBe("Jürgen");
    const [guest, beginning] = await senderOf("");
    expect(guest).toBe(`guest-${beginning}`);
  });

  test("nobody can say it of themselves", async () => {
    const client = await server.connect("topics=chat&user_id=mallory");
    client.send({ type: "publish", topic: "chat", message: "x", sender: "alice" });
    expect((await client.next("message")).sender).toBe("mallory");
  });
});
