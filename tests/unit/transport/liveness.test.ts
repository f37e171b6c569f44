import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LivenessWheel, type Living, wheelTickMs } from "../../../src/transport/liveness.ts";

/** A peer that answers pings until it is told not to. */
class Peer implements Living {
  bucket = 0;
  answers = true;
  pings: number[] = [];
  expired: number[] = [];
  #alive = true;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  ping(): void {
    this.pings.push(this.#now());
    this.#alive = this.answers;
  }

  isAlive(): boolean {
    return this.#alive;
  }

  expire(): void {
    this.expired.push(this.#now());
  }

  /** Something else came in. */
  speak(): void {
    this.#alive = true;
  }
}

function start(intervalMs: number, timeoutMs: number) {
  const tickMs = wheelTickMs(intervalMs, timeoutMs);
  const wheel = new LivenessWheel<Peer>(intervalMs, timeoutMs, tickMs);
  let nowMs = 0;
  const run = (ms: number) => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += tickMs) wheel.tick();
  };
  const join = () => {
    const peer = new Peer(() => nowMs);
    wheel.add(peer);
    return peer;
  };
  return { wheel, run, join, tickMs };
}

describe("liveness wheel", () => {
  test("every peer is pinged once an interval", () => {
    const { run, join } = start(30_000, 10_000);
    const peers = Array.from({ length: 100 }, join);
    run(300_000);
    for (const { pings, expired } of peers) {
      expect(pings.length).toBeGreaterThanOrEqual(9);
      expect(pings.length).toBeLessThanOrEqual(11);
      for (const [index, at] of pings.entries()) if (index > 0) expect(at - pings[index - 1]!).toBe(30_000);
      expect(expired).toEqual([]);
    }
  });

  test("a peer that falls silent is ended one timeout after its next ping, and never before", () => {
    const { run, join } = start(30_000, 10_000);
    const silent = join();
    const lively = join();
    run(60_000);
    silent.answers = false;
    run(60_000);
    const [first] = silent.expired;
    expect(first).toBeDefined();
    const pingBefore = silent.pings.filter((at) => at <= first! - 10_000).at(-1);
    expect(first! - pingBefore!).toBe(10_000);
    expect(first!).toBeLessThanOrEqual(60_000 + 30_000 + 10_000);
    expect(lively.expired).toEqual([]);
  });

  test("any sign of life within the timeout saves it", () => {
    const { run, join, tickMs } = start(30_000, 10_000);
    const peer = join();
    peer.answers = false;
    for (let elapsed = 0; elapsed < 120_000; elapsed += tickMs) {
      run(tickMs);
      peer.speak();
    }
    expect(peer.pings.length).toBeGreaterThan(2);
    expect(peer.expired).toEqual([]);
  });

  test("many who come at once are spread: no tick pings more than its share, or half an interval's", () => {
    const { wheel, join, tickMs } = start(30_000, 10_000);
    const peers = Array.from({ length: 3000 }, join);
    let most = 0;
    for (let elapsed = 0; elapsed < 30_000; elapsed += tickMs) {
      const before = peers.reduce((sum, { pings }) => sum + pings.length, 0);
      wheel.tick();
      most = Math.max(most, peers.reduce((sum, { pings }) => sum + pings.length, 0) - before);
    }
    expect(most).toBeLessThanOrEqual(201);
  });

  test("a newcomer is not pinged at once, and gets its whole timeout, whenever it comes", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(40), (ticksBefore, others) => {
        const { run, join, tickMs } = start(30_000, 10_000);
        for (let count = 0; count < others; count++) join();
        run(ticksBefore * tickMs);
        const peer = join();
        peer.answers = false;
        const cameAt = ticksBefore * tickMs;
        run(60_000);
        expect(peer.pings[0]! - cameAt).toBeGreaterThanOrEqual(14_000);
        expect(peer.expired[0]! - peer.pings[0]!).toBe(10_000);
      }),
    );
  });

  test("whoever left is neither pinged nor ended, and ending many in one tick leaves the rest alone", () => {
    const { wheel, run, join } = start(1000, 500);
    const peers = Array.from({ length: 20 }, join);
    for (const peer of peers) {
      peer.answers = false;
      const expire = peer.expire.bind(peer);
      peer.expire = () => {
        expire();
        wheel.remove(peer);
      };
    }
    wheel.remove(peers[0]!);
    expect(wheel.size).toBe(19);
    run(5000);
    expect(wheel.size).toBe(0);
    expect(peers.map(({ expired }) => expired.length)).toEqual([0, ...new Array(19).fill(1)]);
    expect(peers[0]!.pings).toEqual([]);
    expect([...wheel.all()]).toEqual([]);
  });

  test("a timeout as long as the interval, or longer, still ends the silent", () => {
    for (const timeoutMs of [1000, 3000]) {
      const { run, join } = start(1000, timeoutMs);
      const [silent, lively] = [join(), join()];
      silent.answers = false;
      run(20_000);
      expect(silent.expired.length).toBeGreaterThan(0);
      expect(lively.expired).toEqual([]);
    }
  });

  test("ticks are short enough for short settings, and never shorter than 10 ms", () => {
    expect(wheelTickMs(30_000, 10_000)).toBe(1000);
    expect(wheelTickMs(400, 200)).toBe(50);
    expect(wheelTickMs(10, 10)).toBe(10);
  });
});
