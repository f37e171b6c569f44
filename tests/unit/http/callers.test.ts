import { describe, expect, test } from "bun:test";
import { accessByGrants } from "../../../src/auth/access.ts";
import { Authenticator } from "../../../src/auth/authenticator.ts";
import { anonymousIdentity } from "../../../src/auth/client-identities.ts";
import { Revocations } from "../../../src/auth/revocations.ts";
import { ServerKeys } from "../../../src/auth/server-keys.ts";
import { Callers } from "../../../src/http/callers.ts";
import { HttpFailure } from "../../../src/http/http-failure.ts";
import { publicPaths } from "../../../src/http/public-paths.ts";
import { FakeClock } from "../../support/fake-ports.ts";

const key = "key-of-the-backend-0123";
const closed = new Authenticator({
  verifier: null,
  keys: new ServerKeys([{ name: "backend", key, scopes: ["publish"], topics: ["*"] }]),
  revocations: new Revocations(new FakeClock()),
});
const open = new Authenticator({ verifier: null, keys: null, revocations: new Revocations(new FakeClock()) });

const request = (headers: Record<string, string> = {}) => new Request("http://localhost/status", { headers });
const nowhere = { requestIP: () => null, timeout: () => {} };

describe("a request that was not identified is nobody's, whatever it brings:", () => {
  const callers = new Callers(closed, accessByGrants, null);
  const brought = request({ "x-api-key": key });

  test.each<[string, () => unknown]>([
    ["of", () => callers.of(brought)],
    ["require", () => callers.require(brought, "publish", "t")],
    ["requireInsight", () => callers.requireInsight(brought)],
    ["requireAdministrator", () => callers.requireAdministrator(brought, nowhere)],
  ])("%s refuses it", (_name, ask) => {
    expect(ask).toThrow(HttpFailure);
  });

  test("once identified it is somebody's, and that request alone", async () => {
    const known = request({ "x-api-key": key });
    await callers.identify(known);
    expect(callers.of(known)).toMatchObject({ kind: "key", name: "backend" });
    expect(callers.require(known, "publish", "t")).toMatchObject({ kind: "key" });
    expect(() => callers.require(known, "subscribe", "t")).toThrow(HttpFailure);
    expect(() => callers.requireInsight(known)).toThrow(HttpFailure);
    expect(() => callers.of(request({ "x-api-key": key }))).toThrow(HttpFailure);
  });
});

test("nothing, or something wrong, is refused", async () => {
  const callers = new Callers(closed, accessByGrants, anonymousIdentity(["*"]));
  for (const headers of [{}, { "x-api-key": "wrong" }, { authorization: "Bearer wrong" }]) {
    const identify = async () => await callers.identify(request(headers as Record<string, string>));
    expect(identify()).rejects.toBeInstanceOf(HttpFailure);
  }
  expect(await callers.identifyReader(request(), new URLSearchParams())).toMatchObject({ kind: "anonymous" });
  expect(callers.identifyReader(request(), new URLSearchParams("token=wrong"))).rejects.toBeInstanceOf(
    HttpFailure,
  );
});

test("in open mode everybody is somebody who may do everything but administer from elsewhere", () => {
  const callers = new Callers(open, accessByGrants, null);
  expect(callers.require(request(), "publish", "t")).toMatchObject({ kind: "open" });
  expect(() => callers.requireInsight(request())).not.toThrow();
  expect(() => callers.requireAdministrator(request(), nowhere)).toThrow(HttpFailure);
});

test("addresses that ask nobody are those that are listed, and no others that look like them", () => {
  const page = { files: [{ path: "/assets/page.js" }], contentSecurityPolicy: "" } as never;
  const isForEverybody = publicPaths({ page });
  for (const path of [
    "/",
    "/health",
    "/health/",
    "/ready",
    "/docs",
    "/docs/json",
    "/asyncapi.json",
    "/assets/page.js",
  ]) {
    expect([path, isForEverybody(path)]).toEqual([path, true]);
  }
  for (const path of [
    "/status",
    "/healthy",
    "/health/x",
    "/docsx",

    "/assets/other.js",
    "/Health",
    "",
    "/metrics",
  ]) {
    expect([path, isForEverybody(path)]).toEqual([path, false]);
  }
});
