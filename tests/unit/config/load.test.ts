import { describe, expect, test } from "bun:test";
import { createConfig } from "../../../src/config/index.ts";
import { configOf, errorsOf, load, warningsOf } from "./loading.ts";

describe("defaults", () => {
  test("without any source the configuration is that of createConfig", () => {
    expect(configOf({})).toEqual(createConfig());
  });

  test("are those that are documented", () => {
    expect(configOf({})).toMatchObject({
      host: "0.0.0.0",
      port: 8000,
      workers: 1,
      mode: "plain",
      debug: false,
      reload: false,
      logLevel: "info",
      logFormat: "json",
      wsPath: "/ws",
      shutdownTimeoutMs: 1_800_000,
      notificationIntervalMs: 10_000,
      pingIntervalMs: 30_000,
      pingTimeoutMs: 10_000,
      historySize: 1000,
      historyAgeMs: 300_000,
      historyTopicBytes: 4_194_304,
      historyBytesMax: 268_435_456,
      maxFrameBytes: 65_536,
      maxBodyBytes: 1_048_576,
      recentNotifications: 5,
      recentTtlMs: 3_600_000,
      defaultClient: "chat",
    });
  });

  test.each([
    [20_000, 19_744],
    [1024, 768],
    [300, 150],
    [1, 1],
    [Number.POSITIVE_INFINITY, 1_000_000],
  ])("with %d file descriptors there are %d connections", (fileDescriptorLimit, maxConnections) => {
    expect(configOf({ fileDescriptorLimit }).maxConnections).toBe(maxConnections);
  });

  test("a configuration cannot be changed", () => {
    const config = configOf({ env: { CORS_ORIGINS: "*" } });
    expect(() => Object.assign(config, { port: 1 })).toThrow();
    expect(() => (config.corsOrigins as string[]).push("x")).toThrow();
  });
});

describe("createConfig", () => {
  test("takes overrides and leaves the caller's list alone", () => {
    const corsOrigins = ["https://a.example"];
    expect(createConfig({ port: 0, corsOrigins })).toMatchObject({ port: 0, corsOrigins });
    expect(Object.isFrozen(corsOrigins)).toBe(false);
  });

  test("throws on what breaks a setting's type or bounds, or is none", () => {
    expect(() => createConfig({ port: -1 })).toThrow("/port must be >= 0");
    expect(() => createConfig({ pingIntervalMs: 1.5 })).toThrow("/pingIntervalMs");
    expect(() => createConfig({ ...({ prot: 1 } as object) })).toThrow("prot");
  });
});

describe("modes", () => {
  test("--dev: reload, DEBUG level, text logs, this machine only, a short shutdown", () => {
    expect(configOf({ argv: "--dev" })).toMatchObject({
      mode: "dev",
      reload: true,
      debug: true,
      logLevel: "debug",
      logFormat: "text",
      host: "127.0.0.1",
      shutdownTimeoutMs: 3000,
      workers: 1,
      notificationIntervalMs: 10_000,
    });
  });

  test("--prod: JSON logs, no periodic notification", () => {
    expect(configOf({ argv: "--prod", env: { AUTH: "open" } })).toMatchObject({
      mode: "prod",
      host: "0.0.0.0",
      reload: false,
      logFormat: "json",
      notificationIntervalMs: 0,
    });
  });

  test("what is set explicitly wins over the mode, whatever its source", () => {
    expect(
      configOf({
        argv: "--dev --log-level warning --host ::",
        env: { LOG_FORMAT: "json" },
        dotEnv: { RELOAD: "false", SHUTDOWN_TIMEOUT: "60" },
      }),
    ).toMatchObject({
      logLevel: "warning",
      host: "::",
      logFormat: "json",
      reload: false,
      shutdownTimeoutMs: 60_000,
    });
    const prod = { argv: "--prod", env: { AUTH: "open", PERIODIC_NOTIFICATION: "5" } };
    expect(configOf(prod).notificationIntervalMs).toBe(5000);
  });

  test("--dev runs one process even where .env asks for more", () => {
    const given = { argv: "--dev", dotEnv: { WORKERS: "4" } };
    expect(configOf(given).workers).toBe(1);
    expect(warningsOf(given)).toEqual(["WORKERS=4 (.env) has no effect: --dev runs one process."]);
    expect(errorsOf({ argv: "--dev --workers 4" })[0]).toStartWith("WORKERS=4 (flag --workers): ");
  });

  test("DEBUG lowers the log level, unless that is set", () => {
    expect(configOf({ env: { DEBUG: "true" } }).logLevel).toBe("debug");
    expect(configOf({ env: { DEBUG: "true", LOG_LEVEL: "error" } }).logLevel).toBe("error");
    expect(configOf({ env: { DEBUG: "false" } }).logLevel).toBe("info");
  });

  test("reloading in production is warned of", () => {
    expect(warningsOf({ argv: "--prod --reload", env: { AUTH: "open" } })[0]).toStartWith(
      "RELOAD=true (flag --reload): with --prod",
    );
  });
});

describe("settings that must fit each other", () => {
  test.each([
    [
      { WORKERS: "2" },
      "WORKERS=2 (environment): several processes need Redis",
      "Set WORKERS=1, or REDIS_URL (or REDIS_CLUSTER_NODES).",
    ],
    [
      { PING_TIMEOUT: "31" },
      "PING_TIMEOUT=31 s (environment) with PING_INTERVAL=30 s (default): ",
      "Lower PING_TIMEOUT or raise PING_INTERVAL.",
    ],
    [
      { MAX_FRAME: "8 MiB" },
      "MAX_FRAME=8 MiB (environment) with BACKPRESSURE_LIMIT=4 MiB (default): ",
      "Lower MAX_FRAME or raise BACKPRESSURE_LIMIT.",
    ],
    [
      { BACKPRESSURE_LIMIT: "512 KiB" },
      "MAX_BODY=1 MiB (default) with BACKPRESSURE_LIMIT=512 KiB (environment): ",
      "Lower MAX_BODY or raise BACKPRESSURE_LIMIT.",
    ],
    [
      { HISTORY_TOPIC_BYTES: "1 GiB" },
      "HISTORY_TOPIC_BYTES=1 GiB (environment) with HISTORY_BYTES_MAX=256 MiB (default): ",
      "Lower HISTORY_TOPIC_BYTES or raise HISTORY_BYTES_MAX.",
    ],
    [{ WS_PATH: "/events" }, "WS_PATH=/events (environment): ", "Choose another path, such as WS_PATH=/ws."],
    [
      { WS_PATH: "/docs/ws" },
      "WS_PATH=/docs/ws (environment): ",
      "Choose another path, such as WS_PATH=/ws.",
    ],
  ])("%j is refused with the remedy", (env, beginning, remedy) => {
    const errors = errorsOf({ env });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(beginning);
    expect(errors[0]).toEndWith(remedy);
  });

  test("values at the edge fit", () => {
    const env = {
      PING_INTERVAL: "20",
      PING_TIMEOUT: "20",
      HISTORY_TOPIC_BYTES: "256MiB",
      WS_PATH: "/eventstream",
    };
    expect(configOf({ env }).pingTimeoutMs).toBe(20_000);
  });

  test("more connections than files are warned of", () => {
    const given = { fileDescriptorLimit: 1024, env: { MAX_CONNECTIONS: "1000" } };
    expect(configOf(given).maxConnections).toBe(1000);
    expect(warningsOf(given)[0]).toStartWith("MAX_CONNECTIONS=1000 (environment): ");
    expect(warningsOf({ ...given, fileDescriptorLimit: 2000 })).toEqual([]);
  });

  test("an invalid setting is not compared with others as well", () => {
    expect(errorsOf({ env: { PING_TIMEOUT: "long", PING_INTERVAL: "1" } })).toHaveLength(1);
    expect(errorsOf({ env: { PING_INTERVAL: "0" } })).toHaveLength(1);
  });
});

describe("errors", () => {
  test("come all at once, of every source and kind", () => {
    const loaded = load({
      argv: "--prot 1 --log-level loud",
      env: { PORT: "x", MAX_FRAME: "8 MiB", PING_INTERVAL: "0" },
      dotEnv: { HISTORY_AGE: "never" },
    });
    if (loaded.kind !== "invalid") throw new Error(loaded.kind);
    const parts = [
      "--prot:",
      '"1":',
      "PORT=x",
      "--log-level=loud",
      "HISTORY_AGE=never",
      "PING_INTERVAL=0",
      "MAX_FRAME",
    ];
    for (const part of parts) expect(loaded.errors.filter((error) => error.startsWith(part))).toHaveLength(1);
    expect(loaded.errors).toHaveLength(parts.length);
    expect(loaded.text).toStartWith("The configuration is not valid, 7 errors:\n  - --prot: unknown flag.");
  });

  test("come with the warnings", () => {
    const loaded = load({ env: { PORT: "x" }, warnings: ["the file is torn"] });
    if (loaded.kind !== "invalid") throw new Error(loaded.kind);
    expect(loaded.text).toStartWith("The configuration is not valid, 1 error:\n  - PORT=x");
    expect(loaded.text).toEndWith("\nwarnings:\n  - the file is torn");
  });
});

describe("--check-config", () => {
  test("says that all is well", () => {
    const loaded = load({ argv: "--check-config", fileDescriptorLimit: 5000 });
    expect(loaded.kind === "check" && loaded.text).toBe(
      "configuration is valid\nevery setting has its default",
    );
  });

  test("says what differs from the defaults, and why", () => {
    const loaded = load({
      argv: "--check-config --prod --port 8001",
      env: { LOG_LEVEL: "info", WS_PING_TIMEOUT: "5", AUTH: "open" },
      dotEnv: { DEBUG: "yes", CORS_ORIGINS: "https://a.example, https://b.example" },
    });
    if (loaded.kind !== "check") throw new Error(loaded.kind);
    expect(loaded.text.split("\n")).toEqual([
      "configuration is valid",
      "mode: --prod",
      "settings that differ from their defaults:",
      "  PORT=8001 (flag --port)",
      "  DEBUG=true (.env)",
      "  CORS_ORIGINS=https://a.example,https://b.example (.env)",
      "  HSTS_MAX_AGE=365 days (--prod)",
      "  AUTH=open (environment)",
      "  PING_TIMEOUT=5 s (environment)",
      "  NOTIFICATION_INTERVAL=0 (--prod)",
    ]);
  });

  test("says the warnings too", () => {
    const loaded = load({ argv: "--check-config", env: { MEMCACHED_PORT: "11211" } });
    expect(loaded.kind === "check" && loaded.text).toContain("\nwarnings:\n  - MEMCACHED_PORT has no effect");
  });

  test("names what implied a value", () => {
    const loaded = load({ argv: "--check-config", env: { DEBUG: "1" } });
    expect(loaded.kind === "check" && loaded.text).toContain("\n  LOG_LEVEL=DEBUG (DEBUG)");
  });

  test("refuses what the start would refuse", () => {
    expect(errorsOf({ argv: "--check-config", env: { PORT: "x" } })).toHaveLength(1);
  });
});
