import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, createConfig } from "../../../src/config/index.ts";
import { examineCredentials, readCredentialSettings } from "../../../src/lifecycle/credentials.ts";
import { publicIssuer, testSecret } from "../../support/tokens.ts";

const rsa = await publicIssuer("RS256");
const key = "0123456789abcdefghij";

let folder: string;
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fanfare-credentials-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const problemsOf = (overrides: Partial<Config>) => examineCredentials(createConfig(overrides), new Set());

test("keys of every source are taken together", () => {
  const jwtJwks = file("jwks.json", JSON.stringify({ keys: [rsa.jwk({ kid: "a" })] }));
  const apiKeysFile = file("keys.json", JSON.stringify([{ name: "file", key: `${key}-file` }]));
  const read = readCredentialSettings(
    createConfig({
      jwtSecret: testSecret,
      jwtPublicKey: rsa.pem,
      jwtJwks,
      apiKeys: [`web:${key}`],
      apiKeysFile,
    }),
  );
  expect(read.problems).toEqual([]);
  expect(read.tokenKeys.map(({ id, kind }) => [id, kind])).toEqual([
    [null, "secret"],
    [null, "rsa"],
    ["a", "rsa"],
  ]);
  expect(read.apiKeys.map(({ name }) => name)).toEqual(["web", "file"]);
  expect(read.keySetUrl).toBeNull();
});

test("a public key may be in a file, a key set at an address", () => {
  const read = readCredentialSettings(
    createConfig({ jwtPublicKey: file("key.pem", rsa.pem), jwtJwks: "https://login.example.com/keys" }),
  );
  expect(read.problems).toEqual([]);
  expect(read.tokenKeys).toHaveLength(1);
  expect(read.keySetUrl).toBe("https://login.example.com/keys");
});

describe("what is wrong is said, and no secret:", () => {
  test.each<[string, () => Partial<Config>]>([
    [
      "JWT_PUBLIC_KEY: the file that it names cannot be read (ENOENT)",
      () => ({ jwtPublicKey: "/nowhere/key.pem" }),
    ],
    ["JWT_PUBLIC_KEY: it is a private key", () => ({ jwtPublicKey: rsa.privatePem })],
    ["JWT_PUBLIC_KEY: it is a private key", () => ({ jwtPublicKey: file("private.pem", rsa.privatePem) })],
    ["JWT_PUBLIC_KEY: it is no public key in PEM form", () => ({ jwtPublicKey: file("x.pem", "nonsense") })],
    ["JWT_PUBLIC_KEY: the file that it names cannot be read (EISDIR)", () => ({ jwtPublicKey: folder })],
    [
      "JWT_PUBLIC_KEY: the file is larger",
      () => ({ jwtPublicKey: file("big.pem", "x".repeat(1024 * 1024 + 1)) }),
    ],
    ["JWT_JWKS: it is not JSON", () => ({ jwtJwks: file("html.json", "<html>") })],
    ["JWT_JWKS: it has no key to check tokens with", () => ({ jwtJwks: file("none.json", '{"keys":[]}') })],
    ['API_KEYS: key "web": give it a key', () => ({ apiKeys: ["web:short"] })],
    ["API_KEYS_FILE: it is not JSON", () => ({ apiKeysFile: file("broken.json", "{") })],
    [
      "API_KEYS_FILE: web and file have the same key",
      () => ({
        apiKeys: [`web:${key}`],
        apiKeysFile: file("same.json", JSON.stringify([{ name: "file", key }])),
      }),
    ],
    [
      "JWT_SECRET: JWT_ALGORITHMS does not allow",
      () => ({ jwtSecret: testSecret, jwtAlgorithms: ["RS256"] }),
    ],
    [
      "JWT_PUBLIC_KEY: none of its algorithms is allowed",
      () => ({ jwtPublicKey: rsa.pem, jwtAlgorithms: ["HS256"] }),
    ],
    [
      "JWT_ALGORITHMS: no key is configured that can do ES256",
      () => ({
        jwtPublicKey: rsa.pem,
        jwtAlgorithms: ["RS256", "ES256"],
      }),
    ],
    [
      "JWT_ALGORITHMS: no key is configured that can do HS256",
      () => ({
        jwtJwks: "https://login.example.com/keys",
        jwtAlgorithms: ["RS256", "HS256"],
      }),
    ],
  ])("%s", (problem, overrides) => {
    const problems = problemsOf(overrides());
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toContain(key);
    expect(problems.join()).not.toContain("PRIVATE");
  });

  test("everything at once", () => {
    const problems = problemsOf({
      jwtPublicKey: "/nowhere",
      jwtJwks: "/nowhere",
      apiKeys: ["a", "b"],
      apiKeysFile: "/no",
    });
    expect(problems).toHaveLength(5);
  });

  test("but for settings that are known to be wrong already", () => {
    const config = createConfig({ jwtPublicKey: "/nowhere", apiKeysFile: "/nowhere" });
    expect(examineCredentials(config, new Set(["jwtPublicKey", "apiKeysFile"]))).toEqual([]);
  });
});
