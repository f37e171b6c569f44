import { describe, expect, test } from "bun:test";
import { StaticKeySet } from "../../../src/auth/static-key-set.ts";
import { type TokenRules, TokenVerifier } from "../../../src/auth/token-verifier.ts";
import { pemKey, secretKey, UnusableKey, type VerificationKey } from "../../../src/auth/verification-key.ts";
import { Failure } from "../../../src/core/failure.ts";
import { FakeClock } from "../../support/fake-ports.ts";
import { forgeToken, hmacSignature, publicIssuer, secretIssuer, testSecret } from "../../support/tokens.ts";

const clock = new FakeClock();
const now = clock.now() / 1000;
const issuer = secretIssuer(testSecret, clock);
const rsa = await publicIssuer("RS256", clock);

const day = 24 * 3_600_000;
const lenient: TokenRules = { audiences: [], issuers: [], clockSkewMs: 30_000, lifetimeMaxMs: 30 * day };

function verifier(
  rules: Partial<TokenRules> = {},
  ...keys: (VerificationKey | UnusableKey)[]
): TokenVerifier {
  const usable = keys.length === 0 ? [secretKey(testSecret, [])] : keys;
  for (const key of usable) if (key instanceof UnusableKey) throw new Error(key.reason);
  return new TokenVerifier({ ...lenient, ...rules }, [new StaticKeySet(usable as VerificationKey[])], clock);
}

async function refusalOf(
  token: string,
  rules: Partial<TokenRules> = {},
  ...keys: VerificationKey[]
): Promise<string> {
  const result = await verifier(rules, ...keys).verify(token);
  if (!(result instanceof Failure)) throw new Error("it was accepted");
  expect(result.code).toBe("unauthorized");
  return result.message;
}

describe("is accepted:", () => {
  test("a token of the shared secret", async () => {
    const token = await issuer.issue({ sub: "alice", jti: "t1", fanfare: { publish: ["chat"] } });
    expect(await verifier().verify(token)).toEqual({
      userId: "alice",
      tokenId: "t1",
      issuedAtMs: clock.now(),
      expiresAtMs: clock.now() + 3_600_000,
      fanfare: { publish: ["chat"] },
    });
  });

  test.each(["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"] as const)(
    "a token by %s",
    async (name) => {
      const other = await publicIssuer(name, clock);
      const key = pemKey(other.pem, []);
      expect(await verifier({}, key).verify(await other.issue({}))).toMatchObject({ userId: "alice" });
    },
  );

  test("one of several audiences and issuers", async () => {
    const rules = { audiences: ["app", "web"], issuers: ["https://a.example/", "b"] };
    const token = await issuer.issue({ aud: ["other", "web"], iss: "b" });
    expect(await verifier(rules).verify(token)).toMatchObject({ userId: "alice" });
  });

  test("times within what clocks may differ", async () => {
    for (const claims of [{ exp: now - 29 }, { nbf: now + 30 }, { iat: now + 30 }]) {
      expect(await verifier().verify(await issuer.issue(claims))).toMatchObject({ userId: "alice" });
    }
  });

  test("any typ, and a key id that the one key has not", async () => {
    const token = await issuer.issue({}, { typ: "at+jwt", kid: "whatever" });
    expect(await verifier().verify(token)).toMatchObject({ userId: "alice" });
  });

  test("a token of whichever key it is of", async () => {
    const second = await publicIssuer("RS256", clock);
    const both = verifier({}, secretKey(testSecret, []), pemKey(rsa.pem, []), pemKey(second.pem, []));
    for (const one of [issuer, rsa, second]) {
      expect(await both.verify(await one.issue({}))).toMatchObject({ userId: "alice" });
    }
  });
});

describe("is refused, with the reason:", () => {
  test("expired, and when", async () => {
    const token = await issuer.issue({ exp: now - 30 });
    expect(await refusalOf(token)).toBe(
      `The token expired at ${new Date((now - 30) * 1000).toISOString()}: get a new one.`,
    );
    expect(await refusalOf(await issuer.issue({ exp: now - 1 }), { clockSkewMs: 0 })).toContain("expired at");
  });

  test("not yet valid", async () => {
    const time = new Date((now + 31) * 1000).toISOString();
    expect(await refusalOf(await issuer.issue({ nbf: now + 31 }))).toBe(
      `The token is not valid before ${time} (nbf).`,
    );
  });

  test("issued in the future", async () => {
    expect(await refusalOf(await issuer.issue({ iat: now + 31 }))).toContain(
      "was issued (iat) in the future",
    );
  });

  test("without an expiry", async () => {
    const signature = hmacSignature(testSecret);
    for (const exp of [undefined, null, "soon", String(now + 60)]) {
      const token = forgeToken({ alg: "HS256" }, { sub: "alice", exp }, signature);
      expect(await refusalOf(token)).toContain("the claim exp is needed");
    }
  });

  test("without a subject, or with one that is no user id", async () => {
    expect(await refusalOf(await issuer.issue({ sub: undefined }))).toContain("the claim sub is needed");
    expect(await refusalOf(await issuer.issue({ sub: "a b" }))).toContain("claim sub must be a user id");
  });

  test("valid for longer than tokens may be", async () => {
    const rules = { lifetimeMaxMs: 3_600_000 };
    const long = "is valid for longer than the 3600 seconds";
    expect(await refusalOf(await issuer.issue({ exp: now + 3601 }), rules)).toContain(long);
    expect(await refusalOf(await issuer.issue({ iat: now - 1800, exp: now + 1801 }), rules)).toContain(long);
    expect(await refusalOf(await issuer.issue({ iat: undefined, exp: now + 3601 }), rules)).toContain(long);
    expect(await refusalOf(await issuer.issue({ exp: 1e300 }), rules)).toContain(long);
    expect(await verifier(rules).verify(await issuer.issue({}))).toMatchObject({ userId: "alice" });
  });

  test("for another audience, or for none; the right one is not named", async () => {
    for (const aud of [undefined, "web", ["web"]]) {
      const message = await refusalOf(await issuer.issue({ aud }), { audiences: ["secret-app"] });
      expect(message).toBe("The token is for another audience (aud), or for none.");
    }
  });

  test("from another issuer, or from none", async () => {
    for (const iss of [undefined, "b", "a "]) {
      const message = await refusalOf(await issuer.issue({ iss }), { issuers: ["a"] });
      expect(message).toBe("The token is from another issuer (iss), or from none.");
    }
  });

  test("signed with another secret", async () => {
    const token = await secretIssuer(`${testSecret}!`, clock).issue({});
    expect(await refusalOf(token)).toContain("has a signature that does not fit");
  });

  test("changed after it was signed", async () => {
    const [header, , signature] = (await issuer.issue({})).split(".");
    const payload = Buffer.from(JSON.stringify({ sub: "root", exp: now + 60 })).toString("base64url");
    expect(await refusalOf(`${header}.${payload}.${signature}`)).toContain(
      "has a signature that does not fit",
    );
  });

  test("by an algorithm of another kind of key", async () => {
    const key = pemKey(rsa.pem, []) as VerificationKey;
    expect(await refusalOf(await issuer.issue({}), {}, key)).toContain(
      "does not accept (alg, kid in its header)",
    );
    expect(await refusalOf(await rsa.issue({}))).toContain("does not accept (alg, kid in its header)");
  });

  test("by an algorithm that is not allowed", async () => {
    const key = pemKey(rsa.pem, ["PS256"]) as VerificationKey;
    expect(await refusalOf(await rsa.issue({}), {}, key)).toContain(
      "does not accept (alg, kid in its header)",
    );
  });

  test("with an extension that must be understood", async () => {
    const header = { alg: "HS256", crit: ["exp"], exp: 1 };
    const token = forgeToken(header, { sub: "alice", exp: now + 60 }, hmacSignature(testSecret));
    expect(await refusalOf(token)).toContain("asks for an extension that is not supported");
  });

  test.each<[string, string]>([
    ["nothing", ""],
    ["a word", "token"],
    ["two parts", "a.b"],
    ["five parts, as an encrypted token has", "a.b.c.d.e"],
    ["a header that is not base64", "ä.e30.AAAA"],
    ["a header that is no JSON", forgeToken("{", {})],
    ["a header that is no object", forgeToken("[]", {})],
    ["a header without alg", forgeToken({}, {})],
    ["an alg that is no text", forgeToken({ alg: ["HS256"] }, {})],
    ["a kid that is no text", forgeToken({ alg: "HS256", kid: { a: 1 } }, {})],
    ["a payload that is no JSON", forgeToken({ alg: "HS256" }, "{", hmacSignature(testSecret))],
    ["a payload that is no object", forgeToken({ alg: "HS256" }, "7", hmacSignature(testSecret))],
  ])("%s", async (_what, token) => {
    expect(await refusalOf(token)).toMatch(
      /^The token (is no signed JSON Web Token|has claims that cannot be read)\.$/,
    );
  });

  test("longer than 8192 characters, before anything is read", async () => {
    const long = await issuer.issue({ filler: "x".repeat(8192) });
    expect(await refusalOf(long)).toBe("The token is longer than 8192 characters.");
  });

  test("no message repeats what the token says", async () => {
    const claims = { sub: "sécret", aud: "sécret", iss: "sécret" };
    expect(await refusalOf(await issuer.issue(claims))).not.toContain("sécret");
    expect(await refusalOf(await issuer.issue(claims), { audiences: ["a"] })).not.toContain("sécret");
  });
});

test("keys that cannot be had yet are the server's trouble, not the token's", async () => {
  const unavailable = new Failure("unavailable", "not yet");
  const source = { find: () => Promise.resolve(unavailable) };
  const waiting = new TokenVerifier(lenient, [new StaticKeySet([]), source], clock);
  expect(await waiting.verify(await issuer.issue({}))).toBe(unavailable);
  const both = new TokenVerifier(lenient, [source, new StaticKeySet([secretKey(testSecret, [])])], clock);
  expect(await both.verify(await issuer.issue({}))).toMatchObject({ userId: "alice" });
});
