import { beforeEach, describe, expect, test } from "bun:test";
import { Admitted, type Admittee, endOf } from "../../../src/auth/admitted.ts";
import { type Expiring, ExpiryWheel } from "../../../src/auth/expiry-wheel.ts";
import { type Identity, openIdentity } from "../../../src/auth/identity.ts";
import { createFakePorts, type FakePorts } from "../../support/fake-ports.ts";

let ports: FakePorts;
let wheel: ExpiryWheel<Expiring>;
let ended: string[];

beforeEach(() => {
  ports = createFakePorts();
  wheel = new ExpiryWheel(ports);
  ended = [];
});

function item(name: string, inMs: number) {
  const expiring = {
    expiresAtMs: ports.clock.now() + inMs,
    expiryBucket: 0,
    expire: () => {
      ended.push(`${name} ${ports.clock.now() - expiring.expiresAtMs}`);
      wheel.remove(expiring);
    },
  };
  wheel.add(expiring);
  return expiring;
}

test("everything ends at its time, within a second, with one timer", () => {
  item("a", 3000);
  item("b", 1000);
  item("c", 2001);
  expect(ports.scheduler.timers).toBe(1);
  ports.scheduler.advance(999);
  expect(ended).toEqual([]);
  ports.scheduler.advance(1);
  expect(ended).toEqual(["b 0"]);
  ports.scheduler.advance(2000);
  expect(ended).toEqual(["b 0", "a 0", "c 999"]);
  expect(ports.scheduler.timers).toBe(0);
});

test("what comes when its time is over ends with the next second", () => {
  ports.clock.nowMs += 300;
  item("late", -5000);
  ports.scheduler.advance(700);
  expect(ended).toEqual(["late 5700"]);
});

test("what left does not end", () => {
  const gone = item("gone", 1000);
  item("stays", 1000);
  wheel.remove(gone);
  wheel.remove(gone);
  ports.scheduler.advance(2000);
  expect(ended).toEqual(["stays 0"]);
});

test("what was given more time ends then", () => {
  const refreshed = item("refreshed", 1000);
  wheel.remove(refreshed);
  refreshed.expiresAtMs += 2000;
  wheel.add(refreshed);
  ports.scheduler.advance(2000);
  expect(ended).toEqual([]);
  ports.scheduler.advance(1000);
  expect(ended).toEqual(["refreshed 0"]);
});

test("what never ends does not", () => {
  item("never", Number.POSITIVE_INFINITY);
  item("once", 1000);
  ports.scheduler.advance(3_600_000);
  expect(ended).toEqual(["once 0"]);
  expect([...wheel.all()]).toHaveLength(1);
});

test("a machine that slept ends what fell due meanwhile", () => {
  for (let index = 1; index <= 10; index++) item(`i${index}`, index * 1000);
  item("later", 10_000_000);
  ports.clock.nowMs += 5_000_000;
  ports.scheduler.advance(1000);
  expect(ended).toHaveLength(10);
  expect([...wheel.all()]).toHaveLength(1);
});

test("thousands of one second end in several turns", () => {
  for (let index = 0; index < 1000; index++) item("i", 1000);
  ports.scheduler.advance(1000);
  expect(ended.length).toBeLessThan(1000);
  ports.scheduler.settle();
  expect(ended).toHaveLength(1000);
});

test("what is refreshed while thousands end does not end with them", () => {
  const items = Array.from({ length: 1000 }, (_, index) => item(`i${index}`, 1000));
  ports.scheduler.advance(1000);
  const last = items.at(-1)!;
  last.expiresAtMs += 1_000_000;
  wheel.add(last);
  ports.scheduler.settle();
  expect(ended).toHaveLength(999);
});

test("closed, nothing ends and no timer is left", () => {
  item("a", 1000);
  wheel.close();
  ports.scheduler.advance(5000);
  expect(ended).toEqual([]);
  expect(ports.scheduler.timers).toBe(0);
});

test("one million comings and goings cost no memory that stays", () => {
  for (let index = 0; index < 1_000_000; index++) {
    const passing = { expiresAtMs: ports.clock.now() + index, expiryBucket: 0, expire: () => {} };
    wheel.add(passing);
    wheel.remove(passing);
  }
  expect([...wheel.all()]).toEqual([]);
});

describe("connections that stand on an identity", () => {
  const user = (expiresAtMs: number): Identity => {
    return { ...openIdentity, kind: "user", token: { id: null, issuedAtMs: null, expiresAtMs } };
  };

  test("end when their token does; one accepted for its clock's sake when that is over", () => {
    const now = ports.clock.now();
    expect(endOf(user(now + 1000), now, 30_000)).toBe(now + 1000);
    expect(endOf(user(now - 1000), now, 30_000)).toBe(now + 29_000);
    expect(endOf({ ...openIdentity, kind: "key" }, now, 30_000)).toBe(Number.POSITIVE_INFINITY);
  });

  test("end when their identity is good no more", () => {
    const admitted = new Admitted(ports);
    const admit = (name: string, identity: Identity): Admittee => {
      const admittee: Admittee = {
        identity,
        expiresAtMs: Number.POSITIVE_INFINITY,
        expiryBucket: 0,
        expire: () => {
          ended.push(name);
          admitted.remove(admittee);
        },
      };
      admitted.add(admittee);
      return admittee;
    };
    admit("a", { ...openIdentity, userId: "a" });
    admit("b", { ...openIdentity, userId: "b" });
    admit("b2", { ...openIdentity, userId: "b" });
    expect(admitted.endThose(({ userId }) => userId !== "b")).toBe(2);
    expect(ended).toEqual(["b", "b2"]);
    expect(admitted.endThose(({ userId }) => userId !== "b")).toBe(0);
    admitted.close();
  });
});
