import { describe, expect, test } from "bun:test";
import { createSessions, type Frame } from "./session-harness.ts";

/** What becomes of text from a client with a query: publications as listeners see them, and its own answers. */
function say(query: string, frame: Frame | string): { heard: Frame[]; answered: Frame[] } {
  const sessions = createSessions();
  const listener = sessions.connect("topics=chat,notifications");
  const client = sessions.connect(`topics=${query === "" ? "" : `&${query}`}`);
  const answered = client.ask(frame);
  return { heard: listener.take(), answered };
}

const notAuthorized = { type: "error", code: "forbidden", message: "You are not authorized" };

describe("text that is no frame of the protocol", () => {
  const texts = [
    "hello",
    "42",
    '"quoted"',
    "[1,2]",
    "null",
    "",
    " ",
    "two\nlines",
    "😀 ünï",
    "\u0000",
    "x".repeat(60_000),
  ];
  for (const text of texts) {
    test(`is a chat message to all: ${JSON.stringify(text).slice(0, 20)}`, () => {
      const { heard, answered } = say("name=Bob", text);
      expect(heard).toEqual([
        { type: "echo", topic: "chat", offset: 1, ts: expect.any(Number), sender: "Bob", message: text },
      ]);
      expect(answered).toEqual([]);
    });
  }

  test("reaches its sender too", () => {
    const client = createSessions().connect("topics=chat&name=Bob");
    expect(client.ask("hello")).toMatchObject([{ type: "echo", sender: "Bob", message: "hello" }]);
  });

  test("always has a sender: the user, else the name, else a guest", () => {
    expect(say("user_id=alice&name=Alice", "x").heard[0]!.sender).toBe("alice");
    expect(say("name=Alice", "x").heard[0]!.sender).toBe("Alice");
    expect(say("", "x").heard[0]!.sender).toMatch(/^guest-[\w-]{6}$/);
  });

  test("cannot bring its own sender, time or type", () => {
    const { heard } = say("name=Bob", { message: "x", sender: "Eve", ts: 1, topic: "alerts", offset: 9 });
    expect(heard).toEqual([
      { type: "echo", topic: "chat", offset: 1, ts: expect.any(Number), sender: "Bob", message: "x" },
    ]);
    expect(heard[0]!.ts).toBeGreaterThan(1);
  });
});

describe("an object that follows the chat rules", () => {
  const objects: Frame[] = [
    { type: "notification", message: "Hello!" },
    { message: "Hello!" },
    { message: "Hello!", data: { mood: "good" } },
    { data: [1, null] },
    { data: null },
  ];
  for (const object of objects) {
    test(JSON.stringify(object), () => {
      const { type: _, ...content } = object;
      const { heard } = say("name=Bob", object);
      expect(heard).toEqual([
        { type: "echo", topic: "chat", offset: 1, ts: expect.any(Number), sender: "Bob", ...content },
      ]);
      const byAdmin = say("name=Bob&client=admin", object);
      expect(byAdmin.heard).toMatchObject([{ type: "notification", topic: "notifications", ...content }]);
      expect(say("client=user", object)).toEqual({ heard: [], answered: [notAuthorized] });
    });
  }

  test("is acknowledged if it has an id", () => {
    const position = { epoch: expect.any(String), offset: 1 };
    expect(say("", { id: 7, message: "x" }).answered).toEqual([
      { type: "ack", id: 7, topic: "chat", ...position },
    ]);
    expect(say("client=admin", { type: "notification", id: "n", message: "x" }).answered).toEqual([
      { type: "ack", id: "n", topic: "notifications", ...position },
    ]);
    expect(say("client=user", { id: 7, message: "x" }).answered).toEqual([{ ...notAuthorized, id: 7 }]);
  });

  test("needs something to say, of the right type", () => {
    for (const object of [{}, { message: 1 }, { message: null }, { type: "notification" }]) {
      const { heard, answered } = say("client=admin", object);
      expect(heard).toEqual([]);
      expect(answered).toMatchObject([{ type: "error", code: "invalid" }]);
    }
  });
});

describe("notifications", () => {
  const notification = { type: "notification", topic: "notifications", offset: 1, ts: expect.any(Number) };

  for (const role of ["client=admin", "client=user", ""]) {
    test(`text with the prefix, from ${role || "anyone"}: without the prefix`, () => {
      for (const frame of [
        "admin:Hello",
        { message: "admin:Hello" },
        { type: "notification", message: "admin:Hello" },
      ]) {
        const { heard, answered } = say(`name=Bob&${role}`, frame);
        expect(heard).toEqual([{ ...notification, sender: "Bob", message: "Hello" }]);
        expect(answered).toEqual([]);
      }
    });
  }

  test("the prefix goes once, and what follows stays as it is", () => {
    const messages = ["admin:", "admin: x ", "admin:admin:x"].map(
      (text) => say("client=user", text).heard[0]!.message,
    );
    expect(messages).toEqual(["", " x ", "admin:x"]);
  });

  test("nothing but the very prefix is one", () => {
    for (const text of ["Admin:x", " admin:x", "admin x", "admin", "xadmin:x"]) {
      expect(say("", text).heard).toMatchObject([{ topic: "chat", message: text }]);
      expect(say("client=user", text)).toEqual({ heard: [], answered: [notAuthorized] });
    }
  });

  test("any text of an admin", () => {
    expect(say("client=admin&user_id=root", "Hello World!").heard).toEqual([
      { ...notification, sender: "root", message: "Hello World!" },
    ]);
  });
});

describe("a receive-only client", () => {
  test("may subscribe, ask, ping, respond; all else is refused and nothing is published", () => {
    const sessions = createSessions();
    const listener = sessions.connect("topics=chat,notifications,news");
    const user = sessions.connect("topics=&client=user");
    expect(user.ask({ type: "subscribe", id: 1, topic: "news" })[0]!.type).toBe("subscribed");
    expect(user.ask({ type: "history", id: 2, topic: "news" })[0]!.type).toBe("history");
    expect(user.ask({ type: "presence", id: 3, topic: "news" })[0]!.type).toBe("presence");
    expect(user.ask({ type: "status_request", id: 4 })[0]!.type).toBe("status");
    expect(user.ask({ type: "ping", id: 5 })[0]!.type).toBe("pong");
    expect(user.ask({ type: "response", id: 6, correlation_id: "none" })[0]!.code).toBe("not_found");
    expect(user.ask({ type: "unsubscribe", id: 7, topic: "news" })[0]!.type).toBe("unsubscribed");
    const refused = [
      "hello",
      "",
      { message: "x" },
      { type: "publish", topic: "news", message: "x" },
      { type: "publish", topic: "notifications", message: "admin:x" },
    ];
    for (const frame of refused) expect(user.ask(frame)).toEqual([notAuthorized]);
    expect(listener.take()).toEqual([]);
    expect(sessions.errors).toEqual(["not_found", ...refused.map(() => "forbidden")]);
  });
});
