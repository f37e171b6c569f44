import { expect, test } from "bun:test";
import { entryOf } from "../../../src/web/page/chat/entries.ts";

const publication = { type: "echo", topic: "chat", ts: 1, offset: 7, sender: "bob", message: "hi" };

test("a chat message has a place when epoch and offset are known", () => {
  expect(entryOf(publication, "e", false)).toMatchObject({
    kind: "message",
    place: { topic: "chat", epoch: "e", offset: 7 },
    text: "hi",
    sender: "bob",
  });
  expect(entryOf(publication, null, false).place).toBeNull();
});

test("one of one's own without a place is known by its key", () => {
  const { offset: _, ...unplaced } = { ...publication, key: "k1" };
  expect(entryOf(unplaced, null, true).id).toBe("k1");
  expect(entryOf(unplaced, null, false).id).not.toBe("k1");
});

test("topic and type decide the kind", () => {
  const kindOf = (topic: string, type: string) => entryOf({ ...publication, topic, type }, "e", false).kind;
  expect(kindOf("chat", "echo")).toBe("message");
  expect(kindOf("chat", "message")).toBe("message");
  expect(kindOf("notifications", "anything")).toBe("notification");
  expect(kindOf("chat", "notification")).toBe("notification");
  expect(kindOf("alerts", "anything")).toBe("alert");
  expect(kindOf("chat", "alert")).toBe("alert");
});

test("an alert's severity is taken out of its data", () => {
  const alert = (data: unknown) =>
    entryOf({ ...publication, topic: "alerts", type: "alert", data }, "e", false);
  expect(alert({ severity: "high", host: "a" })).toMatchObject({ severity: "high", data: { host: "a" } });
  expect(alert({ severity: "high" })).not.toHaveProperty("data");
  expect(alert(undefined)).toMatchObject({ severity: "info" });
  expect(alert([1])).toMatchObject({ severity: "info", data: [1] });
});

test("data that is null is data", () => {
  expect(entryOf({ ...publication, data: null }, "e", false)).toHaveProperty("data", null);
  expect(entryOf(publication, "e", false)).not.toHaveProperty("data");
});
