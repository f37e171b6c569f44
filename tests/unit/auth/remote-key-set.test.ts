import { beforeEach, describe, expect, test } from "bun:test";
import type { KeyHint } from "../../../src/auth/key-set.ts";
import { RemoteKeySet } from "../../../src/auth/remote-key-set.ts";
import { Failure } from "../../../src/core/failure.ts";
import { createFakePorts, type FakePorts } from "../../support/fake-ports.ts";
import { publicIssuer } from "../../support/tokens.ts";

const rsa = await publicIssuer("RS256");
const ec = await publicIssuer("ES256");

const refreshMs = 600_000;
const coolDownMs = 30_000;

let ports: FakePorts;
/** What the issuer serves; an Error: it does not. */
let served: object | string | Error;
let fetches: number;
let logged: string[];
let keys: RemoteKeySet;

beforeEach(() => {
  ports = createFakePorts();
  fetches = 0;
  logged = [];
  served = { keys: [rsa.jwk({ kid: "a" })] };
  const note = (level: string) => (_fields: object, message: string) => logged.push(`${level} ${message}`);
  keys = new RemoteKeySet(
    { allowed: [], refreshMs, coolDownMs },
    {
      ...ports,
      log: { info: note("info"), error: note("error") },
      load: async () => {
        fetches++;
        if (served instanceof Error) throw served;
        return typeof served === "string" ? served : JSON.stringify(served);
      },
    },
  );
});

/** The ids of the keys that may have signed a token with this header. */
async function find(keyId: string | null, algorithm: KeyHint["algorithm"] = "RS256") {
  const found = await keys.find({ keyId, algorithm });
  return found instanceof Failure ? found : found.map(({ id }) => id);
}

test("keys are found by id and algorithm, without another fetch", async () => {
  served = { keys: [rsa.jwk({ kid: "a" }), ec.jwk({ kid: "b" })] };
  await keys.refresh();
  expect(await find("a")).toEqual(["a"]);
  expect(await find("b", "ES256")).toEqual(["b"]);
  expect(await find(null)).toEqual(["a"]);
  expect(fetches).toBe(1);
  expect(logged).toEqual(["info token keys fetched"]);
});

describe("a key that is not known", () => {
  test("has the set fetched anew: keys are rotated", async () => {
    await keys.refresh();
    served = { keys: [rsa.jwk({ kid: "b" })] };
    ports.clock.nowMs += coolDownMs;
    expect(await find("b")).toEqual(["b"]);
    expect(await find("a")).toEqual([]);
    expect(fetches).toBe(2);
  });

  test("has it fetched once for all who wait", async () => {
    await keys.refresh();
    served = { keys: [rsa.jwk({ kid: "b" })] };
    ports.clock.nowMs += coolDownMs;
    const found = await Promise.all(Array.from({ length: 50 }, () => find("b")));
    expect(new Set(found.map(String))).toEqual(new Set(["b"]));
    expect(fetches).toBe(2);
  });

  test("has it fetched no more often than the cool-down allows, however many are made up", async () => {
    await keys.refresh();
    for (let index = 0; index < 100; index++) {
      ports.clock.nowMs += 1000;
      expect(await find(`../../etc/passwd${index}`)).toEqual([]);
    }
    expect(fetches).toBe(1 + Math.floor(100_000 / coolDownMs));
  });

  test("is not fetched for where its algorithm alone is wrong and the cool-down is on", async () => {
    await keys.refresh();
    expect(await find("a", "ES256")).toEqual([]);
    expect(fetches).toBe(1);
  });
});

describe("an issuer that cannot be reached", () => {
  test("at the start leaves no keys, which is said; it is asked again", async () => {
    served = new Error("connection refused");
    await keys.refresh();
    const found = await find("a");
    expect(found).toMatchObject({ code: "unavailable" });
    expect(logged[0]).toStartWith(
      "error the token keys cannot be fetched: no token is accepted until it can",
    );
    served = { keys: [rsa.jwk({ kid: "a" })] };
    ports.scheduler.advance(coolDownMs);
    await Promise.resolve();
    expect(fetches).toBe(2);
    await Bun.sleep(0);
    expect(await find("a")).toEqual(["a"]);
  });

  test("later leaves the last keys", async () => {
    await keys.refresh();
    for (const broken of [new Error("timeout"), "<html>", { keys: [] }]) {
      served = broken;
      await keys.refresh();
      expect(await find("a")).toEqual(["a"]);
      expect(logged.at(-1)).toBe("error the token keys cannot be fetched: the last ones go on counting");
    }
  });
});

test("keys are fetched anew now and then, so that those taken away end", async () => {
  await keys.refresh();
  served = { keys: [rsa.jwk({ kid: "b" })] };
  ports.scheduler.advance(refreshMs);
  await Bun.sleep(0);
  expect(await find("a")).toEqual([]);
  expect(fetches).toBe(2);
});

test("closed, it asks no more", async () => {
  await keys.refresh();
  keys.close();
  ports.scheduler.advance(10 * refreshMs);
  expect(fetches).toBe(1);
  expect(ports.scheduler.timers).toBe(0);
});
