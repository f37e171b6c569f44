import { describe, expect, test } from "bun:test";
import { configOf, errorsOf } from "./loading.ts";

describe("each kind of value", () => {
  test.each(["true", "1", "yes", "on", "TRUE", " On "])("%s is true", (text) => {
    expect(configOf({ env: { WS_COMPRESSION: text } }).wsCompression).toBe(true);
  });

  test.each(["false", "0", "no", "off", "False"])("%s is false", (text) => {
    expect(configOf({ env: { METRICS_ENABLED: text } }).metricsEnabled).toBe(false);
  });

  test("what is neither is refused", () => {
    expect(errorsOf({ env: { METRICS_ENABLED: "maybe" } })).toEqual([
      "METRICS_ENABLED=maybe (environment): neither true nor false. " +
        "Give true or false (1/0, yes/no and on/off are understood too).",
    ]);
  });

  test.each([
    ["TRACE", "trace"],
    ["Debug", "debug"],
    ["info", "info"],
    ["WARNING", "warning"],
    ["warn", "warning"],
    ["ERROR", "error"],
    ["CRITICAL", "critical"],
    ["fatal", "critical"],
  ])("log level %s is %s", (text, level) => {
    expect(configOf({ env: { LOG_LEVEL: text } }).logLevel as string).toBe(level);
  });

  test("a choice that does not exist is refused with those that do", () => {
    expect(errorsOf({ argv: "--log-level=loud" })).toEqual([
      "--log-level=loud: not one of the choices. Give one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL.",
    ]);
  });

  test.each([
    ["https://a.example,https://b.example:8443", ["https://a.example", "https://b.example:8443"]],
    [" https://a.example , ", ["https://a.example"]],
    ['["https://a.example","http://localhost:3000"]', ["https://a.example", "http://localhost:3000"]],
    ["[]", []],
    ["*", ["*"]],
  ])("origins %s", (text, origins) => {
    expect(configOf({ env: { CORS_ORIGINS: text } }).corsOrigins).toEqual(origins);
  });

  test.each([
    ["[1]", "not a JSON list of strings"],
    ['["https://a.example"', "broken JSON"],
    ["https://a.example/path", "not of the right form"],
    ["example.com", "not of the right form"],
    ["https://Example.com", "not of the right form"],
  ])("origins %s are refused", (text, problem) => {
    const [error] = errorsOf({ env: { CORS_ORIGINS: text } });
    expect(error).toStartWith(`CORS_ORIGINS=${text} (environment): ${problem}. Give lower-case origins`);
  });

  test("durations end up in milliseconds, sizes in bytes", () => {
    const config = configOf({
      env: { PING_INTERVAL: "20", LOG_RETENTION: "30 days", LOG_ROTATION: "100 MB", MAX_FRAME: "32KiB" },
    });
    expect(config.pingIntervalMs).toBe(20_000);
    expect(config.logRetentionMs).toBe(30 * 86_400_000);
    expect(config.logRotationBytes).toBe(100_000_000);
    expect(config.maxFrameBytes).toBe(32_768);
  });

  test("a rate may be a fraction", () => {
    expect(configOf({ env: { DRAIN_RATE: "0.5" } }).drainRatePerSecond).toBe(0.5);
    expect(errorsOf({ env: { DRAIN_RATE: "fast" } })).toHaveLength(1);
  });

  test.each([
    ["PORT", "65536", "more than 65535, the most allowed"],
    ["PORT", "-1", "less than 0, the least allowed"],
    ["PORT", "80.5", "not a whole number"],
    ["PORT", "0x50", "not a whole number"],
    ["PORT", "http", "not a whole number"],
    ["WORKERS", "0", "less than 1, the least allowed"],
    ["WORKERS", "many", "not a whole number"],
    ["HISTORY_SIZE", "0", "less than 1, the least allowed"],
    ["HISTORY_AGE", "400 days", "more than 24 days, the most allowed"],
    ["PING_INTERVAL", "0", "less than 10 ms, the least allowed"],
    ["MAX_FRAME", "3 TiB", "more than 1 GiB, the most allowed"],
    ["MAX_FRAME", "64 K", '"K" is not a unit of a size'],
    ["HOST", "http://0.0.0.0", "not of the right form"],
    ["WS_PATH", "ws", "not of the right form"],
    ["WS_PATH", "/", "not of the right form"],
    ["WS_PATH", "/ws?x", "not of the right form"],
  ])("%s=%s is refused: %s", (name, text, problem) => {
    const errors = errorsOf({ env: { [name]: text } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(`${name}=${text} (environment): ${problem}. Give `);
  });

  test.each(["0.0.0.0", "127.0.0.1", "::", "fe80::1%eth0", "localhost", "my-host.example"])(
    "host %s is taken",
    (host) => {
      expect(configOf({ env: { HOST: host } }).host).toBe(host);
    },
  );

  test("port 0 means any free port", () => {
    expect(configOf({ argv: "--port 0" }).port).toBe(0);
  });
});
