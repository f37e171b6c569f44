import { describe, expect, test } from "bun:test";
import { configOf, errorsOf, warningsOf } from "./loading.ts";

const gibibyte = 1024 ** 3;

describe("the memory at which load is shed", () => {
  test("is 85 % of what the process may have, where nothing else is said", () => {
    expect(configOf({ memoryLimitBytes: 2 * gibibyte }).shedMemoryBytes).toBe(Math.floor(1.7 * gibibyte));
    expect(configOf({}).shedMemoryBytes).toBe(0);
    const given = { memoryLimitBytes: 2 * gibibyte, env: { SHED_MEMORY: "1 GiB" } };
    expect(configOf(given).shedMemoryBytes).toBe(gibibyte);
    expect(configOf({ ...given, env: { SHED_MEMORY: "0" } }).shedMemoryBytes).toBe(0);
  });
});

describe("bounds by address and rate", () => {
  test("are off unless they are set", () => {
    expect(configOf({})).toMatchObject({
      connectionsPerAddressMax: 0,
      connectionRatePerSecond: 0,
      connectionRatePerAddress: 0,
      commandRatePerSecond: 0,
      commandBytesRatePerSecond: 0,
      userCommandRatePerSecond: 0,
      userBytesRatePerSecond: 0,
      topicPublishRatePerSecond: 0,
      subscribersPerTopicMax: 0,
    });
  });

  test("are read with their units", () => {
    const env = { COMMAND_RATE: "0.5", COMMAND_BYTES_RATE: "16 KiB", RATE_BURST: "5 s" };
    expect(configOf({ env })).toMatchObject({
      commandRatePerSecond: 0.5,
      commandBytesRatePerSecond: 16_384,
      rateBurstMs: 5000,
    });
  });
});

describe("trusted proxies", () => {
  test("are addresses and ranges", () => {
    const env = { TRUSTED_PROXIES: "10.0.0.0/8, 2001:db8::1", MAX_CONNECTIONS_PER_ADDRESS: "5" };
    expect(configOf({ env }).trustedProxies).toEqual(["10.0.0.0/8", "2001:db8::1"]);
    expect(warningsOf({ env })).toEqual([]);
  });

  for (const proxies of ["10.0.0.0/33", "10.0.0", "localhost", "1::2::3", "10.0.0.0/8/8"]) {
    test(`${proxies} is none`, () => {
      const [error] = errorsOf({ env: { TRUSTED_PROXIES: proxies, MAX_CONNECTIONS_PER_ADDRESS: "5" } });
      expect(error).toContain("TRUSTED_PROXIES");
      expect(error).toContain("10.0.0.0/8");
    });
  }

  test("have no effect where nothing is bounded by address", () => {
    expect(warningsOf({ env: { TRUSTED_PROXIES: "10.0.0.0/8" } })[0]).toContain("TRUSTED_PROXIES=10.0.0.0/8");
  });
});

test("clients and administration cannot share a port", () => {
  expect(errorsOf({ env: { ADMIN_PORT: "8000" } })[0]).toContain("ADMIN_PORT=8000");
  expect(configOf({ env: { ADMIN_PORT: "9000" } }).adminPort).toBe(9000);
});
