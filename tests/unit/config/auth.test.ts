import { describe, expect, test } from "bun:test";
import { configOf, errorsOf, load, warningsOf } from "./loading.ts";

const secret = "s".repeat(32);
const key = "web:0123456789abcdefghij";

describe("--prod", () => {
  test("does not start open unawares, and says what to set", () => {
    expect(errorsOf({ argv: "--prod" })).toEqual([
      "AUTH=auto (default): with --prod, nobody is let in without a token or a key, and none are configured. Set " +
        "JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS for clients, API_KEYS for servers, or AUTH=open if everybody may do " +
        "everything.",
    ]);
  });

  test.each([
    { AUTH: "open" },
    { JWT_SECRET: secret },
    { JWT_PUBLIC_KEY: "key.pem" },
    { JWT_JWKS: "https://login.example.com/keys" },
    { API_KEYS: key },
    { API_KEYS_FILE: "keys.json" },
  ])("starts with %j", (env) => {
    expect(configOf({ argv: "--prod", env }).mode).toBe("prod");
  });

  test("says what is wrong with a key, and not that there is none", () => {
    const errors = errorsOf({ argv: "--prod", env: { JWT_SECRET: "short" } });
    expect(errors).toEqual([
      expect.stringContaining("at least 32 characters, as a shorter secret can be guessed"),
    ]);
    expect(errorsOf({ argv: "--prod", env: { API_KEYS: '["a' } })).toEqual([
      expect.stringContaining("broken JSON"),
    ]);
  });
});

test("without --prod a server without tokens and keys is open", () => {
  expect(configOf({}).auth).toBe("auto");
  expect(configOf({ argv: "--dev" }).auth).toBe("auto");
});

describe("settings that would leave a server open unawares are refused:", () => {
  test.each<[string, Record<string, string>]>([
    ["would not be asked for", { AUTH: "open", JWT_SECRET: secret }],
    ["would not be asked for", { AUTH: "open", API_KEYS_FILE: "keys.json" }],
    ["no token is checked", { JWT_AUDIENCE: "app" }],
    ["no token is checked", { JWT_ISSUER: "https://login.example.com/", API_KEYS: key }],
    ["no token is checked", { JWT_ALGORITHMS: "RS256" }],
    ["without keys the server is open", { ANONYMOUS_SUBSCRIBE: "news" }],
    ["topics of users are for those users alone", { ANONYMOUS_SUBSCRIBE: "news,user:*", API_KEYS: key }],
    ["who is an admin is said by the token", { DEFAULT_CLIENT: "admin", JWT_SECRET: secret }],
  ])("%s: %j", (reason, env) => {
    const [error] = errorsOf({ env });
    expect(error).toContain(reason);
  });
});

test.each<[string, Record<string, string>]>([
  ["every client needs a token", { ANONYMOUS_SUBSCRIBE: "news", JWT_SECRET: secret }],
  ["Use https", { JWT_JWKS: "http://login.example.com/keys" }],
])("a warning says %s: %j", (reason, env) => {
  expect(warningsOf({ env })).toEqual([expect.stringContaining(reason)]);
});

test.each(["https://login.example.com/keys", "http://localhost:9/keys", "http://127.0.0.1/keys"])(
  "keys from %s need no warning",
  (url) => expect(warningsOf({ env: { JWT_JWKS: url } })).toEqual([]),
);

describe("values", () => {
  test.each<[string, string]>([
    ["JWT_ALGORITHMS", "none"],
    ["JWT_ALGORITHMS", "RS256,HS1"],
    ["JWT_JWKS", "ftp://example.com/keys"],
    ["JWT_JWKS", "https://"],
    ["JWT_CLOCK_SKEW", "11 min"],
    ["ANONYMOUS_SUBSCRIBE", "a b"],
    ["AUTH", "closed"],
  ])("%s=%s is refused", (name, text) => {
    expect(errorsOf({ env: { JWT_SECRET: secret, [name]: text } })[0]).toStartWith(`${name}=`);
  });

  test("are read", () => {
    const env = {
      JWT_SECRET: secret,
      JWT_ALGORITHMS: "HS256",
      JWT_AUDIENCE: "app,web",
      JWT_ISSUER: "https://login.example.com/",
      JWT_LIFETIME_MAX: "12 h",
      AUTH_TIMEOUT: "5",
    };
    expect(configOf({ env })).toMatchObject({
      jwtSecret: secret,
      jwtAlgorithms: ["HS256"],
      jwtAudience: ["app", "web"],
      jwtIssuer: ["https://login.example.com/"],
      jwtLifetimeMaxMs: 12 * 3_600_000,
      jwtClockSkewMs: 30_000,
      authTimeoutMs: 5000,
    });
  });
});

describe("secrets", () => {
  const secrets = {
    JWT_SECRET: `never-to-be-seen-${secret}`,
    JWT_PUBLIC_KEY: "-----BEGIN PRIVATE KEY-----never-to-be-seen",
    API_KEYS: "web:never-to-be-seen-0123456789",
  };

  test("are never shown by --check-config", () => {
    const loaded = load({ argv: "--check-config", env: secrets });
    expect(loaded.kind === "check" && loaded.text).toContain("JWT_SECRET=*** (environment)");
    expect(JSON.stringify(loaded)).not.toContain("never-to-be-seen");
  });

  test("are never shown in errors", () => {
    const env = { ...secrets, API_KEYS: '["never-to-be-seen', AUTH: "open", JWT_SECRET: "never-to-be-seen" };
    expect(JSON.stringify(errorsOf({ argv: "--prod", env }))).not.toContain("never-to-be-seen");
  });

  test("are never shown where a name and .env differ", () => {
    const loaded = load({ env: { JWT_SECRET: secret }, dotEnv: { JWT_SECRET: secrets.JWT_SECRET } });
    expect(JSON.stringify(loaded.kind === "run" && loaded.warnings)).not.toContain("never-to-be-seen");
  });
});

test("what is wrong in files that settings name is said with all the rest", () => {
  const examine = (_config: unknown, invalid: ReadonlySet<string>) => [
    `JWT_PUBLIC_KEY: wrong; ${[...invalid]}`,
  ];
  expect(errorsOf({ env: { PORT: "x" }, examine })).toEqual([
    expect.stringContaining("PORT=x"),
    "JWT_PUBLIC_KEY: wrong; port",
  ]);
  expect(errorsOf({ argv: "--check-config", examine })).toEqual(["JWT_PUBLIC_KEY: wrong; "]);
});
