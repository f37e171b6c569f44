import { describe, expect, test } from "bun:test";
import { accessByGrants } from "../../../src/auth/access.ts";
import { openIdentity } from "../../../src/auth/identity.ts";
import { Failure } from "../../../src/core/failure.ts";
import { handshakeOf, readWebSocketQuery, sincePosition } from "../../../src/session/handshake.ts";

const rules = { topicsMax: 5, defaultRole: "chat", access: accessByGrants } as const;

function read(query: string, identity = openIdentity) {
  const asked = readWebSocketQuery(new URLSearchParams(query), rules.topicsMax);
  return asked instanceof Failure ? asked : handshakeOf(asked, identity, rules);
}

function handshake(query: string) {
  const result = read(query);
  if (result instanceof Failure) throw new Error(result.message);
  return result;
}

describe("the query of a WebSocket", () => {
  test("without topics: those that the earlier servers' clients expect, and the user's own", () => {
    expect(handshake("")).toMatchObject({
      topics: ["chat", "notifications", "alerts"],
      byDefault: true,
      userId: null,
      name: null,
      role: "chat",
      since: null,
    });
    expect(handshake("user_id=alice").topics).toEqual(["chat", "notifications", "alerts", "user:alice"]);
    expect(handshake("user_id=&name=&client=&since=")).toMatchObject({
      userId: null,
      name: null,
      byDefault: true,
    });
  });

  test("with topics: those, each once; empty means none", () => {
    expect(handshake("topics=a,b,a")).toMatchObject({ topics: ["a", "b"], byDefault: false });
    expect(handshake("topics=")).toMatchObject({ topics: [], byDefault: false });
    expect(handshake("topics=&user_id=alice").topics).toEqual(["user:alice"]);
    expect(handshake("since=chat:e:1").byDefault).toBe(false);
  });

  test("role and name", () => {
    expect(handshake("client=admin").role).toBe("admin");
    expect(handshake("client=user").role).toBe("user");
    expect(handshake("name=J%C3%BCrgen").name).toBe("Jürgen");
  });

  test.each([
    ["a bad topic", "topics=a,b%20c", "topics"],
    ["an empty topic among others", "topics=a,,b", "topics"],
    ["too many topics", "topics=a,b,c,d,e,f", "at most 5"],
    ["a bad user id", "user_id=a/b", "user_id"],
    ["a long user id", `user_id=${"x".repeat(251)}`, "user_id"],
    ["a long name", `name=${"x".repeat(256)}`, "name"],
    ["a name with a line break", "name=a%0Ab", "name"],
    ["an unknown role", "client=root", "client"],
    ["a bad cursor", "since=nonsense", "since"],
  ])("%s is refused, and named", (_, query, named) => {
    const failure = read(query);
    if (!(failure instanceof Failure)) throw new Error("it was taken");
    expect(failure.message).toContain(named);
  });

  test("a topic that the cursor does not hold cannot be recovered; without a cursor nothing is asked", () => {
    const { since } = handshake("since=a:e:1");
    expect(sincePosition(since, "a")).toEqual({ epoch: "e", offset: 1 });
    expect(sincePosition(since, "b")).toMatchObject({ offset: 0 });
    expect(sincePosition(null, "a")).toBeUndefined();
  });
});
