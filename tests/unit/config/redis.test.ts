import { describe, expect, test } from "bun:test";
import { formatRedisUrl, parseRedisUrl } from "../../../src/config/redis-url.ts";
import { configOf, errorsOf, load, warningsOf } from "./loading.ts";

const secret = "s3cr3t";

describe("REDIS_URL", () => {
  test.each([
    ["redis://cache", "redis://cache:6379/0"],
    ["redis://cache:6380/2", "redis://cache:6380/2"],
    ["rediss://cache/", "rediss://cache:6379/0"],
    ["redis://[::1]:1", "redis://[::1]:1/0"],
    ["redis://:p%40ss@cache", "redis://:p%40ss@cache:6379/0"],
    ["redis://alice:pw@10.0.0.1:65535/15", "redis://alice:pw@10.0.0.1:65535/15"],
  ])("%s is complete once it is loaded", (given, redisUrl) => {
    expect(configOf({ env: { REDIS_URL: given } }).redisUrl).toBe(redisUrl);
  });

  test.each([
    "cache:6379",
    "http://cache",
    "redis://",
    "redis://cache:0",
    "redis://cache:65536",
    "redis://cache:6379/x",
    "redis://cache/1/2",
    "redis://cache?db=1",
    "redis://a b",
  ])("%s is refused", (given) => {
    const errors = errorsOf({ env: { REDIS_URL: given } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith("REDIS_URL=");
    expect(errors[0]).toContain("Give a URL such as redis://");
  });

  test("what it says is read and written alike", () => {
    const text = "rediss://al%3Aice:p%2F%40%C3%A9@host:1/9";
    const parsed = parseRedisUrl(text);
    expect(parsed).toEqual({
      tls: true,
      username: "al:ice",
      password: "p/@é",
      host: "host",
      port: 1,
      database: 9,
    });
    expect(formatRedisUrl(parsed!)).toBe(text);
  });

  test("a password that is no text once decoded is refused", () => {
    expect(errorsOf({ env: { REDIS_URL: "redis://:%C3@cache" } })).toEqual([
      "REDIS_URL: user or password is no text. Percent-encode it as UTF-8.",
    ]);
  });

  test("what it lacks of user and password is filled in", () => {
    const env = { REDIS_URL: "redis://cache", REDIS_USERNAME: "alice", REDIS_PASSWORD: "p@ss" };
    expect(configOf({ env })).toMatchObject({
      redisUrl: "redis://alice:p%40ss@cache:6379/0",
      redisUsername: "alice",
      redisPassword: "p@ss",
    });
    expect(configOf({ env: { ...env, REDIS_URL: "redis://bob:own@cache" } })).toMatchObject({
      redisUrl: "redis://bob:own@cache:6379/0",
      redisUsername: "bob",
      redisPassword: "own",
    });
  });

  test("its scheme says whether there is TLS", () => {
    expect(configOf({ env: { REDIS_URL: "rediss://cache" } }).redisTls).toBe(true);
    expect(configOf({ env: { REDIS_URL: "redis://cache" } }).redisTls).toBe(false);
    expect(errorsOf({ env: { REDIS_URL: "redis://cache", REDIS_TLS: "true" } })).toEqual([
      "REDIS_TLS=true (environment) with REDIS_URL=redis://cache:6379/0 (environment): " +
        "one says TLS, the other none. Write the URL with rediss://, or leave REDIS_TLS out.",
    ]);
    expect(warningsOf({ env: { REDIS_URL: "redis://cache", REDIS_TLS_CA: "ca.pem" } })[0]).toStartWith(
      "REDIS_TLS_CA=ca.pem (environment): it has no effect without TLS.",
    );
  });
});

describe("REDIS_HOST and REDIS_PORT", () => {
  test("are another way to say it", () => {
    expect(configOf({ env: { REDIS_HOST: "cache" } })).toEqual(
      configOf({ env: { REDIS_URL: "redis://cache" } }),
    );
    expect(configOf({ env: { REDIS_HOST: "::1", REDIS_PORT: "6380", REDIS_TLS: "1" } })).toEqual(
      configOf({ env: { REDIS_URL: "rediss://[::1]:6380" } }),
    );
  });

  test("the port alone is ignored, whatever it says", () => {
    for (const port of ["6379", "tcp://10.0.0.1:6379", "x"]) {
      expect(configOf({ env: { REDIS_PORT: port } })).toEqual(configOf({}));
      expect(warningsOf({ env: { REDIS_PORT: port } })).toEqual([]);
    }
  });

  test("what Kubernetes sets for a service named redis is no port", () => {
    const env = { REDIS_HOST: "cache", REDIS_PORT: "tcp://10.0.0.1:6380" };
    expect(configOf({ env }).redisUrl).toBe("redis://cache:6379/0");
  });

  test.each(["cache:6379", "redis://cache", "a/b"])("a host is no %s", (host) => {
    const errors = errorsOf({ env: { REDIS_HOST: host } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(
      `REDIS_HOST=${host} (environment): not of the right form. Give a host name`,
    );
  });

  test("REDIS_URL wins over them, with a warning where they differ", () => {
    const env = { REDIS_URL: `redis://:${secret}@one`, REDIS_HOST: "two", REDIS_PORT: "1" };
    expect(configOf({ env }).redisUrl).toBe(`redis://:${secret}@one:6379/0`);
    expect(warningsOf({ env })).toEqual([
      "REDIS_HOST (environment) and REDIS_URL (environment) both name a Redis: " +
        "REDIS_URL=redis://***@one counts. Remove REDIS_HOST.",
    ]);
    expect(warningsOf({ env: { REDIS_URL: "redis://one", REDIS_HOST: "one", REDIS_PORT: "6379" } })).toEqual(
      [],
    );
  });

  test("as with every alias, the environment beats .env", () => {
    const given = { env: { REDIS_HOST: "two" }, dotEnv: { REDIS_URL: "redis://one" } };
    expect(configOf(given).redisUrl).toBe("redis://two:6379/0");
    expect(warningsOf(given)).toEqual([
      "REDIS_URL (.env) and REDIS_HOST (environment) both name a Redis: REDIS_HOST=two counts. Remove REDIS_URL.",
    ]);
  });
});

describe("REDIS_CLUSTER_NODES", () => {
  test("takes addresses and URLs, and ends up as URLs without credentials", () => {
    const env = { REDIS_CLUSTER_NODES: `a:1, redis://al:${secret}@b:2/0` };
    expect(errorsOf({ env })[0]).toContain("all nodes need the same user and password");
    const same = { REDIS_CLUSTER_NODES: "a:1,redis://b", REDIS_USERNAME: "al", REDIS_PASSWORD: secret };
    expect(configOf({ env: same })).toMatchObject({
      redisUrl: null,
      redisClusterNodes: ["redis://a:1/0", "redis://b:6379/0"],
      redisUsername: "al",
      redisPassword: secret,
      redisTls: false,
    });
    const inUrls = { REDIS_CLUSTER_NODES: `rediss://al:${secret}@a,rediss://al:${secret}@b` };
    expect(configOf({ env: inUrls })).toMatchObject({
      redisClusterNodes: ["rediss://a:6379/0", "rediss://b:6379/0"],
      redisUsername: "al",
      redisPassword: secret,
      redisTls: true,
    });
    expect(configOf({ env: { REDIS_CLUSTER_NODES: "a:1", REDIS_TLS: "yes" } }).redisClusterNodes).toEqual([
      "rediss://a:1/0",
    ]);
  });

  test.each([
    ["redis://a/1", "a Redis Cluster has database 0 alone"],
    ["rediss://a,redis://b", "nodes with TLS and nodes without it"],
    ["redis://:%C3@a", "user or password is no text"],
  ])("%s is refused", (nodes, problem) => {
    const errors = errorsOf({ env: { REDIS_CLUSTER_NODES: nodes } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(`REDIS_CLUSTER_NODES: ${problem}`);
  });

  test("a node without a port is refused", () => {
    expect(errorsOf({ env: { REDIS_CLUSTER_NODES: "a" } })[0]).toContain("Give nodes as host:port");
  });

  test.each([{ REDIS_URL: "redis://c" }, { REDIS_HOST: "c" }])("excludes %j", (env) => {
    const errors = errorsOf({ env: { ...env, REDIS_CLUSTER_NODES: "a:1" } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("they exclude each other");
  });
});

describe("the password", () => {
  test.each([
    { REDIS_URL: `redis://alice:${secret}@cache` },
    { REDIS_URL: `redis://${secret}@cache` },
    { REDIS_URL: `redis://:${secret}@cache`, REDIS_TLS: "true" },
    { REDIS_URL: `redis://alice:${secret}@cache:99999` },
    { REDIS_URL: `redis//alice:${secret}@cache` },
    { REDIS_URL: `redis://alice:${secret}@@cache` },
    { REDIS_URL: `redis://cache?password=${secret}` },
    { REDIS_URL: `redis://:${secret}@cache`, REDIS_HOST: "other" },
    { REDIS_URL: `redis://:${secret}@cache`, REDIS_CLUSTER_NODES: `redis://:${secret}@a:1` },
    { REDIS_CLUSTER_NODES: `redis://:${secret}@a:1,redis://:${secret},@b` },
    { REDIS_CLUSTER_NODES: `["redis://:${secret}@a:1"` },
    { REDIS_HOST: "cache", REDIS_PASSWORD: secret },
    { REDIS_HOST: "cache", REDIS_PASSWORD: secret + "x".repeat(2000) },
  ])("is never said: %j", (env) => {
    for (const argv of ["", "--check-config"]) {
      const loaded = load({ argv, env });
      const said = JSON.stringify(loaded.kind === "run" ? loaded.warnings : loaded);
      expect(said).not.toContain(secret);
    }
  });

  test("--check-config says where Redis is, and whence it knows", () => {
    const env = { REDIS_HOST: "cache", REDIS_USERNAME: "alice", REDIS_PASSWORD: secret };
    const loaded = load({ argv: "--check-config", env });
    expect(loaded.kind === "check" && loaded.text.split("\n")).toEqual([
      "configuration is valid",
      "settings that differ from their defaults:",
      "  REDIS_URL=redis://***@cache:6379/0 (REDIS_HOST)",
      "  REDIS_USERNAME=*** (environment)",
      "  REDIS_PASSWORD=*** (environment)",
    ]);
  });
});

describe("other settings of Redis", () => {
  test("have defaults", () => {
    expect(configOf({})).toMatchObject({
      redisUrl: null,
      redisClusterNodes: [],
      redisUsername: null,
      redisPassword: null,
      redisTls: false,
      redisTlsCa: null,
      redisPrefix: "fanfare:",
      redisDown: "fail",
      redisDurable: "auto",
    });
  });

  test.each(["a{b", "a}b", "a b", "x".repeat(65), "ä"])("the prefix %s is refused", (prefix) => {
    expect(errorsOf({ env: { REDIS_PREFIX: prefix } })).toHaveLength(1);
  });

  test.each([
    ["yes", "yes"],
    ["true", "yes"],
    ["off", "no"],
    ["AUTO", "auto"],
  ] as const)("REDIS_DURABLE=%s is %s", (text, value) => {
    expect(configOf({ env: { REDIS_DURABLE: text } }).redisDurable).toBe(value);
  });
});

describe("workers", () => {
  const env = { REDIS_URL: "redis://cache" };

  test("auto is one for each core, and one without Redis", () => {
    expect(configOf({ argv: "--workers auto", env, cores: 4 }).workers).toBe(4);
    expect(configOf({ env: { ...env, WORKERS: "Auto" }, cores: 4 }).workers).toBe(4);
    expect(configOf({ env: { REDIS_CLUSTER_NODES: "a:1", WORKERS: "auto" }, cores: 3 }).workers).toBe(3);
    expect(configOf({ argv: "--workers auto", cores: 4 }).workers).toBe(1);
    expect(configOf({ argv: "--workers auto", env }).workers).toBe(1);
    expect(configOf({ argv: "--workers auto --reload", env, cores: 4 }).workers).toBe(1);
  });

  test("--prod runs one for each core where there is Redis, unless their number is set", () => {
    const open = { AUTH: "open" };
    const env = { ...open, REDIS_URL: "redis://cache" };
    expect(configOf({ argv: "--prod", env, cores: 4 }).workers).toBe(4);
    expect(configOf({ argv: "--prod", env: open, cores: 4 }).workers).toBe(1);
    expect(configOf({ argv: "--prod --workers 2", env, cores: 4 }).workers).toBe(2);
    expect(configOf({ argv: "", env, cores: 4 }).workers).toBe(1);
    const loaded = load({ argv: "--prod --check-config", env, cores: 4 });
    expect(loaded.kind === "check" && loaded.text).toContain("\n  WORKERS=4 (--prod)\n");
  });

  test("--dev is one process", () => {
    expect(configOf({ argv: "--dev", env: { ...env, WORKERS: "auto" }, cores: 4 }).workers).toBe(1);
    expect(warningsOf({ argv: "--dev", env: { ...env, WORKERS: "auto" }, cores: 4 })).toEqual([]);
    expect(configOf({ argv: "--dev", env: { ...env, WORKERS: "4" } }).workers).toBe(1);
    expect(errorsOf({ argv: "--dev --workers 4", env })).toEqual([
      "WORKERS=4 (flag --workers): --dev runs one process. Leave out --workers or --dev.",
    ]);
  });

  test("several with RELOAD are refused", () => {
    expect(errorsOf({ argv: "--reload --workers 2", env })).toEqual([
      "WORKERS=2 (flag --workers) with RELOAD=true (flag --reload): " +
        "a change of a source file restarts one process. Set WORKERS=1, or leave RELOAD out.",
    ]);
  });
});
