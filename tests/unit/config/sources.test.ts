import { describe, expect, test } from "bun:test";
import { configOf, errorsOf, warningsOf } from "./loading.ts";

describe("precedence", () => {
  test("a flag beats the environment, which beats .env, which beats the default", () => {
    const dotEnv = { PORT: "3" };
    const env = { PORT: "2" };
    expect(configOf({ argv: "--port 1", env, dotEnv }).port).toBe(1);
    expect(configOf({ env, dotEnv }).port).toBe(2);
    expect(configOf({ dotEnv }).port).toBe(3);
    expect(configOf({}).port).toBe(8000);
  });

  test("an empty value is as good as none", () => {
    expect(configOf({ env: { PORT: "" }, dotEnv: { PORT: "3" } }).port).toBe(3);
    expect(configOf({ env: { PORT: "  ", LOG_LEVEL: '""', CORS_ORIGINS: "" } })).toMatchObject({
      port: 8000,
      logLevel: "info",
      corsOrigins: [],
    });
  });

  test("blanks and quotes around a value are no part of it", () => {
    expect(configOf({ env: { LOG_ROTATION: ' "50 MB" ', HOST: "'localhost'" } })).toMatchObject({
      logRotationBytes: 50_000_000,
      host: "localhost",
    });
  });

  test.each([
    ["API_PORT", "81", { port: 81 }],
    ["PERIODIC_NOTIFICATION", "7", { notificationIntervalMs: 7000 }],
    ["WS_PING_INTERVAL", "20", { pingIntervalMs: 20_000 }],
    ["WS_PING_TIMEOUT", "5", { pingTimeoutMs: 5000 }],
  ])("the alias %s is understood", (name, text, expected) => {
    expect(configOf({ env: { [name]: text } })).toMatchObject(expected);
    expect(warningsOf({ env: { [name]: text } })).toEqual([]);
  });

  test("a name beats its alias, with a warning", () => {
    const env = { PORT: "80", API_PORT: "81" };
    expect(configOf({ env }).port).toBe(80);
    expect(warningsOf({ env })).toEqual([
      "API_PORT (environment) and PORT (environment) set the same and differ: PORT=80 counts. Remove API_PORT.",
    ]);
  });

  test("a name and an alias that agree need no warning", () => {
    expect(warningsOf({ env: { PING_INTERVAL: "30", WS_PING_INTERVAL: "30s" } })).toEqual([]);
  });

  test("an alias in the environment beats the name in .env, also where Bun has copied .env", () => {
    for (const copied of [{}, { PORT: "80" }]) {
      const given = { env: { API_PORT: "81", ...copied }, dotEnv: { PORT: "80" } };
      expect(configOf(given).port).toBe(81);
      expect(warningsOf(given)).toEqual([
        "PORT (.env) and API_PORT (environment) set the same and differ: API_PORT=81 counts. Remove PORT.",
      ]);
    }
  });

  test("a flag needs no warning about what it overrides", () => {
    expect(warningsOf({ argv: "--port 1", env: { PORT: "2", API_PORT: "3" } })).toEqual([]);
  });

  test("errors say where the value comes from", () => {
    expect(errorsOf({ dotEnv: { PORT: "x" } })[0]).toStartWith("PORT=x (.env): ");
    expect(errorsOf({ env: { API_PORT: "x" } })[0]).toStartWith("API_PORT=x (environment): ");
  });

  test("a long value is cut short in errors", () => {
    const [error = ""] = errorsOf({ env: { PORT: "9".repeat(500).concat("x") } });
    expect(error.length).toBeLessThan(200);
  });
});

describe("names that are not settings", () => {
  test("Memcached is recognised and unused", () => {
    expect(warningsOf({ dotEnv: { MEMCACHED_HOST: "memcached", MEMCACHED_PORT: "11211" } })).toEqual([
      "MEMCACHED_HOST, MEMCACHED_PORT have no effect: " +
        "recent notifications are kept in Redis or in memory, not in Memcached.",
    ]);
  });

  test("an empty one is as good as none", () => {
    expect(warningsOf({ env: { MEMCACHED_PORT: "", MEMCACHED_HOST: " " } })).toEqual([]);
  });

  test("what looks like a slip of the keyboard is mentioned", () => {
    expect(warningsOf({ env: { HISTORY_SIZ: "5" }, dotEnv: { LOG_LEVLE: "DEBUG" } })).toEqual([
      "HISTORY_SIZ is not a setting and has no effect. Did you mean HISTORY_SIZE?",
      "LOG_LEVLE is not a setting and has no effect. Did you mean LOG_LEVEL?",
    ]);
  });

  test("other programs' names are left alone", () => {
    const env = {
      PATH: "/bin",
      HOME: "/",
      HOSTNAME: "box",
      HISTSIZE: "9",
      POST: "1",
      REDIS_SERVICE_HOST: "r",
    };
    expect(warningsOf({ env })).toEqual([]);
  });
});
