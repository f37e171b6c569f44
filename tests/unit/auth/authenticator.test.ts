import { describe, expect, test } from "bun:test";
import { Authenticator } from "../../../src/auth/authenticator.ts";
import { anonymousIdentity, ClientIdentities } from "../../../src/auth/client-identities.ts";
import { readCredentials } from "../../../src/auth/credentials.ts";
import { Revocations } from "../../../src/auth/revocations.ts";
import { ServerKeys } from "../../../src/auth/server-keys.ts";
import { StaticKeySet } from "../../../src/auth/static-key-set.ts";
import { TokenVerifier } from "../../../src/auth/token-verifier.ts";
import { secretKey } from "../../../src/auth/verification-key.ts";
import { FakeClock } from "../../support/fake-ports.ts";
import { secretIssuer, testSecret } from "../../support/tokens.ts";

const clock = new FakeClock();
const issuer = secretIssuer(testSecret, clock);
const key = "a-key-of-a-backend-0123";

function authenticator(takes: { tokens?: boolean; keys?: boolean }) {
  const rules = { audiences: [], issuers: [], clockSkewMs: 0, lifetimeMaxMs: 86_400_000 };
  const revocations = new Revocations(clock);
  const keys = new ServerKeys([{ name: "backend", key, scopes: ["publish"], topics: ["*"] }]);
  const verifier = new TokenVerifier(rules, [new StaticKeySet([secretKey(testSecret, [])])], clock);
  const parts = { verifier: takes.tokens ? verifier : null, keys: takes.keys ? keys : null, revocations };
  return { authenticator: new Authenticator(parts), revocations, keys };
}

test("what it takes follows from what there is", () => {
  const modes = [{}, { keys: true }, { tokens: true }, { tokens: true, keys: true }];
  expect(modes.map((takes) => authenticator(takes).authenticator.isOpen)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(modes.map((takes) => authenticator(takes).authenticator.takesTokens)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

describe("a token", () => {
  test("says who somebody is and what they may", async () => {
    const { authenticator: both } = authenticator({ tokens: true, keys: true });
    const token = await issuer.issue({ jti: "t1", fanfare: { role: "admin", publish: ["chat"] } });
    const identity = await both.identify(token);
    expect(identity).toMatchObject({ kind: "user", userId: "alice", publisher: "user:alice", role: "admin" });
    if (!("grants" in identity)) throw new Error(identity.message);
    expect(identity.grants.may("publish", "chat")).toBe(true);
    expect(identity.grants.may("subscribe", "user:alice")).toBe(true);
    expect(identity.grants.may("subscribe", "chat")).toBe(false);
  });

  test("that was revoked is refused, and what stood on it is good no more", async () => {
    const { authenticator: tokens, revocations } = authenticator({ tokens: true });
    const token = await issuer.issue({ jti: "t1" });
    const identity = await tokens.verifyToken(token);
    if (!("grants" in identity)) throw new Error(identity.message);
    expect(tokens.isStillGood(identity)).toBe(true);
    revocations.apply({ kind: "token", tokenId: "t1", untilMs: clock.now() + 1000 });
    expect(tokens.isStillGood(identity)).toBe(false);
    expect(await tokens.verifyToken(token)).toMatchObject({
      code: "unauthorized",
      message: "The token was revoked: get a new one.",
    });
  });

  test("is refused where only keys are taken", async () => {
    const { authenticator: keys } = authenticator({ keys: true });
    expect(await keys.identify(await issuer.issue({}))).toMatchObject({ code: "unauthorized" });
  });
});

describe("a key", () => {
  test("is found in place, wherever it stands", () => {
    const { authenticator: both } = authenticator({ tokens: true, keys: true });
    expect(both.identify(key)).toMatchObject({ kind: "key", name: "backend" });
    expect(both.identifyKey(key)).toMatchObject({ kind: "key", name: "backend" });
  });

  test("that is wrong is refused, and a token is none", async () => {
    const { authenticator: both } = authenticator({ tokens: true, keys: true });
    expect(await both.identify(`${key}x`)).toMatchObject({ code: "unauthorized" });
    expect(both.identifyKey(await issuer.issue({}))).toMatchObject({ code: "unauthorized" });
  });

  test("that was taken away is good no more", () => {
    const { authenticator: one, keys } = authenticator({ keys: true });
    const identity = one.identifyKey(key);
    if (!("grants" in identity)) throw new Error(identity.message);
    expect(one.isStillGood(identity)).toBe(true);
    keys.replace([]);
    expect(one.isStillGood(identity)).toBe(false);
  });
});

test("users with equal grants share what is compiled of them; however many there are", () => {
  const identities = new ClientIdentities();
  const claims = { tokenId: null, issuedAtMs: null, expiresAtMs: 1 };
  for (let index = 0; index < 3000; index++) {
    const userId = `u${index}`;
    const fanfare = { subscribe: ["news.*"], publish: [`room:${index}`] };
    const { grants } = identities.identify({ ...claims, userId, fanfare });
    expect(grants.may("publish", `room:${index}`)).toBe(true);
    expect(grants.may("publish", `room:${index + 1}`)).toBe(false);
    expect(grants.may("subscribe", `user:${userId}`)).toBe(true);
  }
  const first = identities.identify({ ...claims, userId: "u0", fanfare: { publish: ["room:0"] } });
  expect(first.grants.may("subscribe", "news.a")).toBe(false);
});

test("somebody without a token reads what is free to read, and no user's topic", () => {
  const { grants } = anonymousIdentity(["news.*", "*"]);
  expect(grants.may("subscribe", "news.a")).toBe(true);
  expect(grants.may("subscribe", "user:alice")).toBe(false);
  for (const action of ["publish", "presence", "history"] as const) {
    expect(grants.may(action, "news.a")).toBe(false);
  }
});

describe("credentials", () => {
  const read = (headers: Record<string, string>, query = "") =>
    readCredentials(new Headers(headers), new URLSearchParams(query));

  test.each<[Record<string, string>, string, object]>([
    [{}, "", { apiKey: null, bearer: null, token: null }],
    [{ authorization: "Bearer a.b.c" }, "", { bearer: "a.b.c" }],
    [{ authorization: "bearer   a.b.c " }, "", { bearer: "a.b.c" }],
    [{ authorization: "Bearer" }, "", { bearer: "" }],
    [{ authorization: "Bearer a b" }, "", { bearer: "a b" }],
    [{ authorization: "Basic dXNlcjpwYXNz" }, "", { bearer: null }],
    [{ authorization: "Bearerless" }, "", { bearer: null }],
    [{ "x-api-key": "k" }, "", { apiKey: "k", bearer: null }],
    [{ "sec-websocket-protocol": "fanfare.v1, fanfare.token.a.b.c" }, "", { token: "a.b.c" }],
    [{ "sec-websocket-protocol": "fanfare.token.a,fanfare.token.b" }, "token=q", { token: "a" }],
    [{ "sec-websocket-protocol": "fanfare.v1" }, "token=q", { token: "q" }],
    [{}, "token=", { token: null }],
    [{ "sec-websocket-protocol": "fanfare.token." }, "", { token: "" }],
  ])("%j %s: %j", (headers, query, expected) => {
    expect(read(headers, query)).toMatchObject(expected);
  });
});
