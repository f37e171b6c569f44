import { beforeEach, describe, expect, test } from "bun:test";
import { ClientIdentities } from "../../../src/auth/client-identities.ts";
import type { Identity } from "../../../src/auth/identity.ts";
import { decodeRevocation, encodeRevocation, type Revocation } from "../../../src/auth/revocation.ts";
import { Revocations } from "../../../src/auth/revocations.ts";
import { type RevocationStore, Revoker } from "../../../src/auth/revoker.ts";
import { Failure } from "../../../src/core/failure.ts";
import { FakeClock } from "../../support/fake-ports.ts";

let clock: FakeClock;
let revocations: Revocations;

beforeEach(() => {
  clock = new FakeClock();
  revocations = new Revocations(clock);
});

const identities = new ClientIdentities();

function identity(claims: { userId?: string; tokenId?: string; issuedAtMs?: number | null } = {}): Identity {
  return identities.identify({
    userId: claims.userId ?? "alice",
    tokenId: claims.tokenId ?? null,
    issuedAtMs: claims.issuedAtMs === undefined ? clock.now() : claims.issuedAtMs,
    expiresAtMs: clock.now() + 3_600_000,
    fanfare: {},
  });
}

const ofUser = (userId: string, atMs = clock.now()): Revocation => {
  return { kind: "user", userId, atMs, untilMs: clock.now() + 1000 };
};
const ofToken = (tokenId: string): Revocation => ({ kind: "token", tokenId, untilMs: clock.now() + 1000 });

describe("of a user", () => {
  test("means the tokens issued until then, not later ones and not others'", () => {
    revocations.apply(ofUser("alice"));
    expect(revocations.isRevoked(identity({ issuedAtMs: clock.now() - 1000 }))).toBe(true);
    expect(revocations.isRevoked(identity({ issuedAtMs: clock.now() }))).toBe(true);
    expect(revocations.isRevoked(identity({ issuedAtMs: clock.now() + 1000 }))).toBe(false);
    expect(revocations.isRevoked(identity({ userId: "bob" }))).toBe(false);
  });

  test("means tokens that do not say when they were issued", () => {
    revocations.apply(ofUser("alice"));
    expect(revocations.isRevoked(identity({ issuedAtMs: null }))).toBe(true);
  });

  test("an earlier one that arrives later changes nothing", () => {
    revocations.apply(ofUser("alice", clock.now()));
    revocations.apply(ofUser("alice", clock.now() - 5000));
    expect(revocations.isRevoked(identity())).toBe(true);
  });
});

test("of a token means it alone", () => {
  revocations.apply(ofToken("t1"));
  expect(revocations.isRevoked(identity({ tokenId: "t1", userId: "bob" }))).toBe(true);
  expect(revocations.isRevoked(identity({ tokenId: "t2" }))).toBe(false);
  expect(revocations.isRevoked(identity())).toBe(false);
});

test("all that are in force can be handed on", () => {
  const given = [ofUser("alice"), ofToken("t1")];
  for (const revocation of given) revocations.apply(revocation);
  revocations.apply({ kind: "token", tokenId: "over", untilMs: clock.now() });
  expect([...revocations.all()]).toEqual(given);
  expect(given.map(encodeRevocation).map(decodeRevocation)).toEqual(given);
});

test.each([
  "",
  "{",
  "null",
  "7",
  '{"kind":"user"}',
  '{"kind":"user","userId":"a b","atMs":1,"untilMs":2}',
  '{"kind":"user","userId":"a","atMs":"1","untilMs":2}',
  '{"kind":"token","tokenId":"","untilMs":2}',
  '{"kind":"all","untilMs":2}',
])("what is none is not taken for one: %s", (text) => {
  expect(decodeRevocation(text)).toBeNull();
});

describe("memory", () => {
  test("what is over is forgotten", () => {
    for (let index = 0; index < 1500; index++) revocations.apply(ofToken(`t${index}`));
    clock.nowMs += 2000;
    for (let index = 0; index < 1500; index++) revocations.apply(ofUser(`u${index}`));
    expect(revocations.size).toBeLessThan(2000);
  });

  test("is bounded: one too many is refused, what is known stays in force", () => {
    for (let index = 0; index < 100_000; index++) expect(revocations.apply(ofToken(`t${index}`))).toBeNull();
    expect(revocations.apply(ofUser("alice"))).toMatchObject({ code: "rate_limited" });
    expect(revocations.apply(ofToken("t7"))).toBeNull();
    expect(revocations.isRevoked(identity({ tokenId: "t99999" }))).toBe(true);
    expect(revocations.size).toBe(100_000);
    clock.nowMs += 2000;
    expect(revocations.apply(ofUser("alice"))).toBeNull();
    expect(revocations.size).toBe(1);
  });
});

describe("across nodes", () => {
  /** What the nodes share. */
  class SharedStore {
    readonly kept: Revocation[] = [];
    readonly listeners: ((revocation: Revocation) => void)[] = [];
    readonly gaps: (() => void)[] = [];
    isReachable = true;

    port(): RevocationStore {
      const listener = this.listeners.length;
      return {
        load: async () => (this.isReachable ? this.kept : new Failure("unavailable", "away")),
        save: async (revocation) => {
          if (!this.isReachable) return new Failure("unavailable", "away");
          this.kept.push(revocation);
          for (const [index, tell] of this.listeners.entries()) if (index !== listener) tell(revocation);
          return null;
        },
        subscribe: (onRevocation) => this.listeners.push(onRevocation),
        onGap: (run) => this.gaps.push(run),
      };
    }
  }

  function node(store: SharedStore) {
    const known = new Revocations(clock);
    let ended = 0;
    const revoker = new Revoker(
      { lifetimeMaxMs: 60_000, clockSkewMs: 1000 },
      { revocations: known, clock, endRevoked: () => ++ended },
    );
    revoker.connect(store.port());
    return { known, revoker, endings: () => ended };
  }

  test("what one revokes, the others know, and connections end on each", async () => {
    const store = new SharedStore();
    const [first, second] = [node(store), node(store)];
    const revoked = await first.revoker.revokeUser("alice");
    const untilMs = clock.now() + 61_000;
    expect(revoked).toEqual({
      revocation: { kind: "user", userId: "alice", atMs: clock.now(), untilMs },
      ended: 1,
    });
    expect(second.known.isRevoked(identity())).toBe(true);
    expect([first.endings(), second.endings()]).toEqual([1, 1]);
  });

  test("a node that starts later learns it", async () => {
    const store = new SharedStore();
    await node(store).revoker.revokeToken("t1");
    const late = node(store);
    expect(await late.revoker.synchronise()).toBeNull();
    expect(late.known.isRevoked(identity({ tokenId: "t1" }))).toBe(true);
    expect(late.endings()).toBe(1);
  });

  test("a node that may have missed something learns it when it can", async () => {
    const store = new SharedStore();
    const [first, second] = [node(store), node(store)];
    store.listeners.length = 0;
    await first.revoker.revokeToken("t1");
    expect(second.known.isRevoked(identity({ tokenId: "t1" }))).toBe(false);
    for (const run of store.gaps) run();
    await second.revoker.synchronised;
    expect(second.known.isRevoked(identity({ tokenId: "t1" }))).toBe(true);
  });

  test("when the others cannot be told, that is said, and it is in force here", async () => {
    const store = new SharedStore();
    store.isReachable = false;
    const alone = node(store);
    expect(await alone.revoker.revokeUser("alice")).toMatchObject({ code: "unavailable" });
    expect(alone.known.isRevoked(identity())).toBe(true);
    expect(await alone.revoker.synchronise()).toMatchObject({ code: "unavailable" });
  });

  test("a token is remembered until it expires, and no longer than tokens live", async () => {
    const { revoker } = node(new SharedStore());
    const until = async (expiresAtMs?: number) => {
      const revoked = await revoker.revokeToken("t1", expiresAtMs);
      return revoked instanceof Failure ? revoked : revoked.revocation.untilMs - clock.now();
    };
    expect(await until(clock.now() + 5000)).toBe(6000);
    expect(await until()).toBe(61_000);
    expect(await until(clock.now() + 1e12)).toBe(61_000);
  });
});
