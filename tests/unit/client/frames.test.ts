import { describe, expect, test } from "bun:test";
import { decode } from "../../../src/client/frames.ts";

const kindOf = (value: unknown) => {
  const incoming = decode(JSON.stringify(value));
  return incoming?.kind === "frame" ? incoming.frame.type : (incoming?.kind ?? null);
};

describe("decode", () => {
  test("a frame with topic and ts is a publication, whatever its type", () => {
    expect(kindOf({ type: "order.created", topic: "t", ts: 1, offset: 3 })).toBe("publication");
    expect(kindOf({ type: "echo", topic: "t", ts: 1 })).toBe("publication");
    expect(kindOf({ type: "pong", ts: 1 })).toBe("pong");
  });

  test("frames that lack what they are for are refused", () => {
    const position = { topic: "t", epoch: "e", offset: 1 };
    expect(kindOf({ type: "subscribed", ...position })).toBe("subscribed");
    expect(kindOf({ type: "subscribed", ...position, offset: "1" })).toBeNull();
    expect(kindOf({ type: "subscribed", ...position, offset: -1 })).toBeNull();
    expect(kindOf({ type: "subscribed", topic: "t", offset: 1 })).toBeNull();
    expect(kindOf({ type: "welcome", topics: [position] })).toBe("welcome");
    expect(kindOf({ type: "welcome", topics: [{ topic: "t" }] })).toBeNull();
    expect(kindOf({ type: "history", ...position })).toBeNull();
    expect(kindOf({ type: "error", message: "no code" })).toBeNull();
  });

  test("what it does not know is nothing", () => {
    expect(kindOf({ type: "toString" })).toBeNull();
    expect(kindOf({ type: "from_the_future", topic: "t" })).toBeNull();
    expect(kindOf({ topic: "t", ts: 1 })).toBeNull();
    expect(kindOf([1])).toBeNull();
    expect(kindOf(null)).toBeNull();
    expect(decode("{not json")).toBeNull();
  });
});
