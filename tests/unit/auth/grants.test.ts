import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  actions,
  ClientGrants,
  ClientPatterns,
  type GrantedPatterns,
  KeyGrants,
} from "../../../src/auth/grants.ts";
import { TopicPatterns } from "../../../src/auth/topic-patterns.ts";

describe("patterns", () => {
  const patterns = new TopicPatterns(["chat", "news.*", "news.sport.*", "room:1"]);

  test.each(["chat", "news.", "news.sport", "news.sport.tennis", "room:1"])("fit %s", (topic) => {
    expect(patterns.match(topic)).toBe(true);
  });

  test.each(["cha", "chats", "Chat", "news", "newspaper", "room:11", "*", ""])("do not fit %p", (topic) => {
    expect(patterns.match(topic)).toBe(false);
  });

  test("none fit nothing, and * fits all", () => {
    expect(new TopicPatterns([]).match("a")).toBe(false);
    expect(new TopicPatterns(["*", "b*"]).match("a")).toBe(true);
  });

  test("a prefix hides no other that is not within it", () => {
    const several = new TopicPatterns(["a*", "ab*", "b.c*", "b*c", "b.d*"]);
    for (const topic of ["a", "abc", "b.c", "b.d1"]) expect(several.match(topic)).toBe(true);
    expect(several.match("b.e")).toBe(false);
  });
});

function clientGrants(patterns: GrantedPatterns, ownTopic: string | null = "user:alice") {
  return new ClientGrants(new ClientPatterns(patterns), ownTopic);
}

test("patterns fit what a plain comparison with each of them fits", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", ":", "-", "Z"), maxLength: 5 });
  const pattern = fc.tuple(letters, fc.boolean()).map(([text, isPrefix]) => (isPrefix ? `${text}*` : text));
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 12 }), letters, (patterns, topic) => {
      const plain = patterns.some((one) =>
        one.endsWith("*") ? topic.startsWith(one.slice(0, -1)) : topic === one,
      );
      expect(new TopicPatterns(patterns).match(topic)).toBe(plain);
    }),
    { numRuns: 5000 },
  );
});

describe("a client", () => {
  test("may nothing that was not granted, but read its own topic", () => {
    const grants = clientGrants({});
    for (const action of actions) {
      expect([action, grants.may(action, "news")]).toEqual([action, false]);
      expect([action, grants.may(action, "user:alice")]).toEqual([action, action === "subscribe"]);
    }
    expect(grants.mayAdminister).toBe(false);
  });

  test.each([...actions])("may %s what it was granted for that, and nothing else", (granted) => {
    const grants = clientGrants({ [granted]: ["news.*"] });
    for (const action of actions) {
      expect([action, grants.may(action, "news.sport")]).toEqual([action, action === granted]);
    }
    expect(grants.may(granted, "chat")).toBe(false);
  });

  test("is not granted others' own topics by *, or by a beginning that is wider than theirs", () => {
    for (const pattern of ["*", "u*", "user*"]) {
      const grants = clientGrants({ subscribe: [pattern], presence: [pattern], history: [pattern] });
      for (const action of ["subscribe", "presence", "history"] as const) {
        expect(grants.may(action, "user:bob")).toBe(false);
        expect(grants.may(action, "users")).toBe(true);
      }
      expect(grants.may("presence", "user:alice")).toBe(false);
    }
  });

  test("may read a user's topic that it was granted by name", () => {
    const support = clientGrants({ subscribe: ["user:bob", "user:team-*"], history: ["user:*"] });
    expect(support.may("subscribe", "user:bob")).toBe(true);
    expect(support.may("subscribe", "user:team-1")).toBe(true);
    expect(support.may("subscribe", "user:bobby")).toBe(false);
    expect(support.may("history", "user:bobby")).toBe(true);
  });

  test("never publishes to a user's topic, whatever it was granted", () => {
    const grants = clientGrants({ publish: ["*", "user:*", "user:alice", "user:bob"] });
    expect(grants.may("publish", "user:alice")).toBe(false);
    expect(grants.may("publish", "user:bob")).toBe(false);
    expect(grants.may("publish", "anything")).toBe(true);
  });

  test("without a user has no topic of its own", () => {
    expect(clientGrants({ subscribe: ["*"] }, null).may("subscribe", "user:alice")).toBe(false);
  });
});

describe("a server's key", () => {
  test("of all scopes may everything, users' topics too", () => {
    const grants = new KeyGrants(["publish", "subscribe", "admin"], ["*"]);
    for (const action of actions) expect(grants.may(action, "user:bob")).toBe(true);
    expect(grants.mayAdminister).toBe(true);
  });

  test("of one scope may that alone", () => {
    const publisher = new KeyGrants(["publish"], ["*"]);
    const reader = new KeyGrants(["subscribe"], ["*"]);
    const administrator = new KeyGrants(["admin"], ["*"]);
    for (const action of actions) {
      expect(publisher.may(action, "a")).toBe(action === "publish");
      expect(reader.may(action, "a")).toBe(action !== "publish");
      expect(administrator.may(action, "a")).toBe(false);
    }
    expect([publisher, reader, administrator].map((grants) => grants.mayAdminister)).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("of some topics is for those alone", () => {
    const grants = new KeyGrants(["publish", "subscribe"], ["news.*", "user:*"]);
    for (const action of actions) {
      expect(grants.may(action, "news.a")).toBe(true);
      expect(grants.may(action, "user:a")).toBe(true);
      expect(grants.may(action, "chat")).toBe(false);
    }
  });
});
