import { describe, expect, test } from "bun:test";
import { parseRange } from "../../../src/core/network-address.ts";
import { Admission, type AdmissionLimits } from "../../../src/transport/admission.ts";
import { FakeClock } from "../../support/fake-ports.ts";

const range = parseRange("10.0.0.0/8")!;

function start(limits: Partial<AdmissionLimits> = {}) {
  const state = { open: 0, isOverloaded: false };
  const clock = new FakeClock();
  const admission = new Admission(
    {
      connectionsMax: 2,
      connectionsPerAddressMax: 0,
      rate: null,
      ratePerAddress: null,
      trustedProxies: [range],
      ...limits,
    },
    { clock, openNow: () => state.open, isOverloaded: () => state.isOverloaded },
  );
  return { admission, clock, state };
}

function requestFrom(address: string | undefined, forwardedFor?: string) {
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
  let asked = 0;
  const server = {
    requestIP: () => {
      asked++;
      return address === undefined ? null : { address, port: 1, family: "IPv4" as const };
    },
    get asked() {
      return asked;
    },
  };
  return { request: new Request("http://localhost/", { headers }), server };
}

test("as many as may come in do, then none, until one leaves; none while draining", () => {
  const { admission, state } = start();
  expect(admission.attempt(null)).toBeNull();
  state.open = 2;
  expect(admission.attempt(null)).toMatchObject({
    reason: "max_connections",
    passes: false,
    failure: { code: "unavailable", message: expect.stringContaining("2") },
  });
  state.open = 1;
  expect(admission.attempt(null)).toBeNull();
  admission.drain();
  expect(admission.isDraining).toBe(true);
  expect(admission.attempt(null)).toMatchObject({
    reason: "draining",
    passes: true,
    failure: { code: "draining" },
  });
});

test("none while load is shed, and they are told to wait for longer", () => {
  const { admission, state } = start();
  state.isOverloaded = true;
  const refusal = admission.attempt(null);
  expect(refusal).toMatchObject({ reason: "overloaded", passes: true, failure: { code: "unavailable" } });
  expect(refusal!.retryAfterSeconds).toBeGreaterThan(5);
  state.isOverloaded = false;
  expect(admission.attempt(null)).toBeNull();
});

describe("of one address", () => {
  test("so many may be open; others do not suffer", () => {
    const { admission } = start({ connectionsPerAddressMax: 2 });
    admission.opened("a");
    admission.opened("a");
    expect(admission.refusal("a")).toMatchObject({ reason: "max_connections_per_address", passes: false });
    expect(admission.refusal("b")).toBeNull();
    expect(admission.refusal(null)).toBeNull();
    admission.closed("a");
    expect(admission.refusal("a")).toBeNull();
  });

  test("so many may come in a time; it does not use up that of the others", () => {
    const { admission, clock } = start({
      rate: { perSecond: 10, burst: 5 },
      ratePerAddress: { perSecond: 1, burst: 2 },
    });
    expect([admission.attempt("a"), admission.attempt("a")]).toEqual([null, null]);
    for (let tries = 0; tries < 100; tries++) {
      expect(admission.attempt("a")).toMatchObject({
        reason: "rate_limited",
        passes: true,
        retryAfterSeconds: 1,
        failure: { code: "rate_limited" },
      });
    }
    expect(admission.attempt("b")).toBeNull();
    clock.nowMs += 1000;
    expect(admission.attempt("a")).toBeNull();
    expect(admission.attempt("a")).not.toBeNull();
  });

  test("asking without an attempt takes nothing", () => {
    const { admission } = start({ ratePerAddress: { perSecond: 1, burst: 1 } });
    for (let tries = 0; tries < 10; tries++) expect(admission.refusal("a")).toBeNull();
    expect(admission.attempt("a")).toBeNull();
  });
});

test("of all together so many may come in a time", () => {
  const { admission, clock } = start({ rate: { perSecond: 0.1, burst: 2 } });
  expect([admission.attempt("a"), admission.attempt(null)]).toEqual([null, null]);
  expect(admission.attempt("b")).toMatchObject({ reason: "rate_limited", retryAfterSeconds: 10 });
  clock.nowMs += 10_000;
  expect(admission.attempt("b")).toBeNull();
});

describe("whom a connection is counted for", () => {
  test("is not asked where nothing depends on it", () => {
    const { admission } = start();
    const { request, server } = requestFrom("192.0.2.1");
    expect(admission.clientOf(request, server)).toBeNull();
    expect(server.asked).toBe(0);
  });

  test("is the peer, or whom a trusted proxy says", () => {
    const { admission } = start({ connectionsPerAddressMax: 1 });
    const cases: [string | undefined, string | undefined, string | null][] = [
      ["192.0.2.1", "198.51.100.1", "192.0.2.1"],
      ["10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
      [undefined, "198.51.100.1", null],
    ];
    for (const [peer, forwardedFor, client] of cases) {
      const { request, server } = requestFrom(peer, forwardedFor);
      expect(admission.clientOf(request, server)).toBe(client);
    }
  });
});
