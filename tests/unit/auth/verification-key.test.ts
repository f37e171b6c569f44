import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { parseKeySet } from "../../../src/auth/key-set.ts";
import {
  jwkKey,
  pemKey,
  secretKey,
  UnusableKey,
  type VerificationKey,
} from "../../../src/auth/verification-key.ts";
import { publicIssuer } from "../../support/tokens.ts";

const rsa = await publicIssuer("RS256");
const ec = await publicIssuer("ES256");
const ed = await publicIssuer("EdDSA");

function algorithmsOf(key: VerificationKey | UnusableKey): readonly string[] {
  if (key instanceof UnusableKey) throw new Error(key.reason);
  return key.algorithms;
}

function reasonOf(key: unknown): string {
  if (!(key instanceof UnusableKey)) throw new Error("it is usable");
  return key.reason;
}

describe("a key's algorithms are those of its kind:", () => {
  test("a secret does HS256", () => {
    expect(secretKey("s", []).algorithms).toEqual(["HS256"]);
    expect(secretKey("s", ["RS256"]).algorithms).toEqual([]);
  });

  test("an RSA key does RS and PS, never HS256", () => {
    expect(algorithmsOf(pemKey(rsa.pem, []))).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
    expect(algorithmsOf(pemKey(rsa.pem, ["PS256", "HS256", "ES256"]))).toEqual(["PS256"]);
  });

  test("an EC key does what goes with its curve", async () => {
    expect(algorithmsOf(pemKey(ec.pem, []))).toEqual(["ES256"]);
    expect(algorithmsOf(pemKey((await publicIssuer("ES384")).pem, []))).toEqual(["ES384"]);
    expect(algorithmsOf(pemKey((await publicIssuer("ES512")).pem, []))).toEqual(["ES512"]);
  });

  test("Ed25519 does EdDSA under both its names", () => {
    expect(algorithmsOf(pemKey(ed.pem, []))).toEqual(["EdDSA", "Ed25519"]);
  });

  test("of a key that names one, that one", () => {
    expect(algorithmsOf(jwkKey(rsa.jwk({ alg: "RS512" }), []))).toEqual(["RS512"]);
    expect(reasonOf(jwkKey(rsa.jwk({ alg: "HS256" }), []))).toContain("none of its algorithms");
    expect(reasonOf(jwkKey(rsa.jwk({ alg: "RS512" }), ["RS256"]))).toContain("none of its algorithms");
  });
});

describe("PEM", () => {
  test("may have its line ends written out, as environments need it", () => {
    expect(algorithmsOf(pemKey(rsa.pem.replaceAll("\n", "\\n"), []))).toContain("RS256");
  });

  test("may be PKCS #1", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    expect(algorithmsOf(pemKey(publicKey.export({ type: "pkcs1", format: "pem" }) as string, []))).toContain(
      "RS256",
    );
  });

  test("a private key is refused, and no part of it repeated", () => {
    for (const { privatePem } of [rsa, ec, ed]) {
      expect(reasonOf(pemKey(privatePem, []))).toStartWith("it is a private key");
    }
  });

  test.each(["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])(
    "is not %j",
    (text) => {
      expect(reasonOf(pemKey(text, []))).toStartWith("it is no public key");
    },
  );
});

describe("a JSON Web Key is refused", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  test.each<[string, string, Record<string, unknown>]>([
    ["a secret among public keys", "it is a secret", { kty: "oct", k: "c2VjcmV0" }],
    ["a short RSA key", "it has 1024 bits", { ...short }],
    ["a curve that is not understood", "it is of a kind", ec.jwk({ crv: "secp256k1" })],
    ["one of an unknown kind", "it is of a kind", { kty: "XYZ" }],
    ["one that is not for signatures", "it is not for signatures", rsa.jwk({ use: "enc" })],
    ["one that is not for verifying", "it is not for verifying", rsa.jwk({ key_ops: ["encrypt"] })],
    ["one without its modulus", "a part of it is missing", { kty: "RSA", e: "AQAB" }],
    ["one with parts of a wrong type", "a part of it is missing", { ...ec.jwk(), x: 7 }],
    ["a point that is not on the curve", "a part of it is missing", { ...ec.jwk(), x: ec.jwk().y }],
    ["a short Ed25519 key", "a part of it is missing", { ...ed.jwk(), x: "AAAA" }],
  ])("%s", (_what, reason, jwk) => {
    expect(reasonOf(jwkKey(jwk, []))).toStartWith(reason);
  });
});

describe("a key set", () => {
  test("is read with its keys' ids; what is of no use is passed over", () => {
    const text = JSON.stringify({
      keys: [rsa.jwk({ kid: "a" }), { kty: "oct", k: "AAAA" }, ec.jwk(), "nonsense", null],
    });
    const parsed = parseKeySet(text, []);
    if (parsed instanceof UnusableKey) throw new Error(parsed.reason);
    expect(parsed.keys.map(({ id, kind }) => [id, kind])).toEqual([
      ["a", "rsa"],
      [null, "P-256"],
    ]);
    expect(parsed.passedOver).toEqual([
      expect.stringContaining("key 1: it is a secret"),
      "key 3: it is no object",
      "key 4: it is no object",
    ]);
  });

  test.each<[string, string, string]>([
    ["no JSON", "it is not JSON", "<html>"],
    ["no set", "it is no JSON Web Key Set", "[]"],
    ["null", "it is no JSON Web Key Set", "null"],
    ["a single key", "it is no JSON Web Key Set", JSON.stringify(rsa.jwk())],
    ["an empty set", "it has no key to check tokens with", '{"keys":[]}'],
    [
      "a set of secrets",
      "it has no key to check tokens with; key 0: it is a secret",
      '{"keys":[{"kty":"oct"}]}',
    ],
    ["a set of too many", "it has more than 100 keys", JSON.stringify({ keys: Array(101).fill({}) })],
  ])("is refused: %s", (_what, reason, text) => {
    expect(reasonOf(parseKeySet(text, []))).toStartWith(reason);
  });
});
