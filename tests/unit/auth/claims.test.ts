import { describe, expect, test } from "bun:test";
import { readClaims } from "../../../src/auth/claims.ts";
import { Failure } from "../../../src/core/failure.ts";

const good = { sub: "alice", exp: 1_700_000_000 };
const read = (claims: Record<string, unknown>) => readClaims({ ...good, ...claims });

test("what a token says is read, times in milliseconds", () => {
  const fanfare = {
    role: "admin",
    subscribe: ["news.*", "user:me"],
    publish: ["chat"],
    presence: [],
    history: ["*"],
  };
  expect(read({ iat: 1_699_999_000, jti: "t1", fanfare, other: true })).toEqual({
    userId: "alice",
    tokenId: "t1",
    issuedAtMs: 1_699_999_000_000,
    expiresAtMs: 1_700_000_000_000,
    fanfare,
  } as never);
});

test("a token without a fanfare claim grants nothing", () => {
  expect(read({})).toMatchObject({ fanfare: {}, tokenId: null, issuedAtMs: null });
});

test("what a later version may add to the claim is left aside", () => {
  expect(read({ fanfare: { publish: ["chat"], quota: 7 } })).toMatchObject({
    fanfare: { publish: ["chat"] },
  });
});

describe("a malformed claim refuses the token, and says which it is:", () => {
  const pattern = "must be a topic's name, or the beginning of names and a *";
  const list = "must be a list of at most 200 patterns";
  test.each<[string, string, Record<string, unknown>]>([
    ["sub", "must be a user id", { sub: "" }],
    ["sub", "must be a user id", { sub: "a b" }],
    ["sub", "must be a user id", { sub: "a".repeat(251) }],
    ["sub", "must be a user id", { sub: 7 }],
    ["sub", "must be a user id", { sub: undefined }],
    ["exp", "must be a number", { exp: "soon" }],
    ["exp", "must be a number", { exp: undefined }],
    ["iat", "must be a number", { iat: "now" }],
    ["iat", "must be a number", { iat: null }],
    ["jti", "must be a text of 1 to 256 characters", { jti: "" }],
    ["jti", "must be a text of 1 to 256 characters", { jti: 7 }],
    ["jti", "must be a text of 1 to 256 characters", { jti: "x".repeat(257) }],
    ["fanfare", "must be an object", { fanfare: null }],
    ["fanfare", "must be an object", { fanfare: [] }],
    ["fanfare", "must be an object", { fanfare: "admin" }],
    ["fanfare.role", "must be chat, user or admin", { fanfare: { role: "root" } }],
    ["fanfare.subscribe", list, { fanfare: { subscribe: "news" } }],
    ["fanfare.publish", list, { fanfare: { publish: { 0: "news" } } }],
    ["fanfare.presence", list, { fanfare: { presence: null } }],
    ["fanfare.history", list, { fanfare: { history: Array(201).fill("a") } }],
    ["fanfare.subscribe.1", pattern, { fanfare: { subscribe: ["a", "a b"] } }],
    ["fanfare.subscribe.0", pattern, { fanfare: { subscribe: ["*a"] } }],
    ["fanfare.subscribe.0", pattern, { fanfare: { subscribe: [""] } }],
    ["fanfare.subscribe.0", pattern, { fanfare: { subscribe: [`${"a".repeat(256)}*`] } }],
    ["fanfare.publish.0", pattern, { fanfare: { publish: [7] } }],
  ])("%s %s: %j", (claim, rule, claims) => {
    const failure = read(claims);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: "unauthorized" });
    expect((failure as Failure).message).toStartWith(`The token's claim ${claim} ${rule}`);
  });

  test("what was wrong is not repeated", () => {
    const failure = read({ fanfare: { subscribe: ["sécret"], role: "sécret" } }) as Failure;
    expect(failure.message).not.toContain("sécret");
  });
});
