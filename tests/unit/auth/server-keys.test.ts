import { describe, expect, test } from "bun:test";
import { type ApiKey, parseApiKeys, parseApiKeysFile, type ReadKeys } from "../../../src/auth/api-key.ts";
import { ServerKeys } from "../../../src/auth/server-keys.ts";

const secret = "0123456789abcdefghij";
const other = "another-key-0123456789";

function keysOf(read: ReadKeys): readonly ApiKey[] {
  if (!read.ok) throw new Error(read.problems.join());
  return read.keys;
}

function problemsOf(read: ReadKeys): readonly string[] {
  if (read.ok) throw new Error("they are good");
  return read.problems;
}

describe("API_KEYS", () => {
  test.each<[string, Partial<ApiKey>]>([
    [`web:${secret}`, { name: "web", scopes: ["publish", "subscribe", "admin"], topics: ["*"] }],
    [`web:${secret}:publish`, { scopes: ["publish"], topics: ["*"] }],
    [`web:${secret}:publish+admin`, { scopes: ["publish", "admin"] }],
    [
      `web:${secret}:subscribe:news.*+room:1+user:*`,
      { scopes: ["subscribe"], topics: ["news.*", "room:1", "user:*"] },
    ],
    [`web:${secret}::chat`, { scopes: ["publish", "subscribe", "admin"], topics: ["chat"] }],
    ["a.b-c_1:AZaz09_.~+/=-aaaaaaaaaaaa", { name: "a.b-c_1", key: "AZaz09_.~+/=-aaaaaaaaaaaa" }],
  ])("%s", (item, expected) => {
    expect(keysOf(parseApiKeys([item]))).toEqual([expect.objectContaining(expected)]);
  });

  test.each<[string, string]>([
    ["web", 'key "web": give it a key of 20 to 256 characters'],
    [`web:${secret.slice(1)}`, 'key "web": give it a key of 20 to 256 characters'],
    [`web:${"x".repeat(257)}`, 'key "web": give it a key of 20 to 256 characters'],
    ["web:a key with blanks in it", 'key "web": give it a key of 20 to 256 characters'],
    [secret, "key 1: give it a key of 20 to 256 characters"],
    [`:${secret}`, "key 1: give it a name of 1 to 64 characters"],
    [`a b:${secret}`, "key 1: give it a name of 1 to 64 characters"],
    [`web:${secret}:root`, 'key "web": give it a list of publish, subscribe, admin'],
    [`web:${secret}:publish:a b`, 'key "web": give it a list of topics\' names'],
  ])("%s: %s", (item, problem) => {
    expect(problemsOf(parseApiKeys([item]))).toEqual([expect.stringContaining(problem)]);
  });

  test("all that is wrong is said at once, and no key is", () => {
    const problems = problemsOf(parseApiKeys([`a:${secret}:x`, `b:${other}!`, `c:${secret}:publish:a b`]));
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(secret.slice(0, 8));
    expect(problems.join()).not.toContain(other.slice(0, 8));
  });

  test("a name and a key belong to one each", () => {
    expect(problemsOf(parseApiKeys([`a:${secret}`, `a:${other}`]))[0]).toContain("two keys have the name a");
    expect(problemsOf(parseApiKeys([`a:${secret}`, `b:${secret}`]))[0]).toContain(
      "a and b have the same key",
    );
  });
});

describe("a file of keys", () => {
  test("is a list", () => {
    const text = JSON.stringify([
      { name: "a", key: secret },
      { name: "b", key: other, scopes: ["admin"], topics: ["x*"] },
    ]);
    expect(keysOf(parseApiKeysFile(text))).toEqual([
      { name: "a", key: secret, scopes: ["publish", "subscribe", "admin"], topics: ["*"] },
      { name: "b", key: other, scopes: ["admin"], topics: ["x*"] },
    ]);
  });

  test.each<[string, unknown, string]>([
    ["no list", { keys: [] }, "it is no JSON list"],
    ["an entry that is none", [7], "key 1: it may have name, key, scopes, topics"],
    ["no key", [{ name: "a" }], 'key "a": give it a key'],
    ["no name", [{ key: secret }], "key 1: give it a name"],
    [
      "a misspelled field, which would have granted everything",
      [{ name: "a", key: secret, scope: [] }],
      "nothing else",
    ],
    ["no scope", [{ name: "a", key: secret, scopes: [] }], "give it a list of publish"],
    ["scopes that are no list", [{ name: "a", key: secret, scopes: "publish" }], "give it a list of publish"],
  ])("is refused: %s", (_what, value, problem) => {
    const problems = problemsOf(parseApiKeysFile(JSON.stringify(value)));
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toContain(secret);
  });

  test("that is no JSON is refused", () => {
    expect(problemsOf(parseApiKeysFile(`[{"name":"a","key":"${secret}"`))).toEqual(["it is not JSON"]);
  });
});

describe("a key", () => {
  const known = () => new ServerKeys(keysOf(parseApiKeys([`a:${secret}:publish`, `b:${other}`])));

  test("says whose it is", () => {
    const keys = known();
    expect(keys.identify(secret)).toMatchObject({ kind: "key", name: "a", userId: null, publisher: "key:a" });
    expect(keys.identify(other)?.grants.mayAdminister).toBe(true);
  });

  test.each(["", "0", secret.slice(1), `${secret}x`, secret.toUpperCase(), "x".repeat(100_000)])(
    "that is not exactly one of them is nobody's: %.30s",
    (key) => {
      expect(known().identify(key)).toBeNull();
    },
  );

  test("that is exchanged does not count any more; one that stays is the same as before", () => {
    const keys = known();
    const [a, b] = [keys.identify(secret)!, keys.identify(other)!];
    keys.replace(keysOf(parseApiKeys([`c:${"n".repeat(20)}`, `b:${other}`])));
    expect(keys.identify(secret)).toBeNull();
    expect(keys.identify(other)).toBe(b);
    expect([a, b].map((identity) => keys.isCurrent(identity))).toEqual([false, true]);
  });

  test("whose scopes change is another one", () => {
    const keys = known();
    const before = keys.identify(secret)!;
    keys.replace(keysOf(parseApiKeys([`a:${secret}:admin`])));
    expect(keys.isCurrent(before)).toBe(false);
    expect(keys.identify(secret)?.grants.may("publish", "x")).toBe(false);
  });
});
