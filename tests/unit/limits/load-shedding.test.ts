import { describe, expect, test } from "bun:test";
import { LoadShedding } from "../../../src/limits/load-shedding.ts";

const mebibyte = 1024 * 1024;
const bounds = { lagMs: 500, memoryBytes: 1000 * mebibyte };

function start(overrides: Partial<typeof bounds> = {}) {
  let nowMs = 0;
  let memoryBytes = 100 * mebibyte;
  let garbageBytes = 0;
  let collections = 0;
  const changes: string[] = [];
  const load = new LoadShedding({ ...bounds, ...overrides }, () => {
    collections++;
    memoryBytes -= garbageBytes;
    garbageBytes = 0;
  });
  const observe = (lagMs: number) => {
    nowMs += 100 + lagMs;
    const changed = load.observe({ lagMs, memoryBytes, nowMs });
    if (changed) changes.push(load.level);
    return changed;
  };
  return {
    load,
    /** Every level there was, one after the other. */
    changes,
    get collections() {
      return collections;
    },
    /** Every timer comes late by so much, for so long. */
    run(lagMs: number, forMs: number) {
      for (const endMs = nowMs + forMs; nowMs < endMs; ) observe(lagMs);
      return load.level;
    },
    once: observe,
    hold(mebibytes: number, garbage = 0) {
      memoryBytes = (mebibytes + garbage) * mebibyte;
      garbageBytes = garbage * mebibyte;
    },
  };
}

describe("lag", () => {
  test("that stands is answered one level after the other, and ends one level after the other", () => {
    const { load, run, changes } = start();
    expect(run(0, 10_000)).toBe("normal");
    expect(run(600, 6000)).toBe("refusing_connections");
    expect(load.cause).toBe("event_loop_lag");
    expect(run(1200, 6000)).toBe("refusing_publications");
    expect(run(2500, 20_000)).toBe("closing_connections");
    expect(run(0, 30_000)).toBe("normal");
    expect(load.cause).toBeNull();
    const upAndDown = ["refusing_connections", "refusing_publications", "closing_connections"];
    expect(changes).toEqual([...upAndDown, "refusing_publications", "refusing_connections", "normal"]);
  });

  test("of one long turn or of a pause for garbage collection is none", () => {
    const { run, once, load } = start();
    for (let round = 0; round < 50; round++) {
      once(5000);
      once(3000);
      expect(load.level).toBe("normal");
      run(2, 500);
    }
    expect(load.level).toBe("normal");
  });

  test("as that of a busy server, below its bound, is none", () => {
    expect(start().run(490, 60_000)).toBe("normal");
  });

  test("to and fro at the bound changes nothing", () => {
    const { run } = start();
    run(600, 6000);
    for (let round = 0; round < 10; round++) {
      expect(run(400, 3000)).toBe("refusing_connections");
      expect(run(490, 3000)).toBe("refusing_connections");
    }
  });

  test("is not looked at where its bound is 0", () => {
    expect(start({ lagMs: 0 }).run(60_000, 1_000_000)).toBe("normal");
  });

  test("says whether the level is another one", () => {
    const { once } = start();
    const changes = Array.from({ length: 10 }, () => once(600)).filter(Boolean);
    expect(changes).toHaveLength(1);
  });
});

describe("memory", () => {
  test("is answered at once, when what is garbage was collected", () => {
    const server = start();
    server.hold(1010);
    server.once(0);
    expect([server.load.level, server.collections]).toEqual(["normal", 1]);
    server.once(0);
    expect([server.load.level, server.load.cause]).toEqual(["refusing_connections", "memory"]);
    server.hold(1065);
    server.once(0);
    expect(server.load.level).toBe("refusing_publications");
    server.hold(1130);
    server.once(0);
    expect(server.load.level).toBe("closing_connections");
    expect(server.collections).toBe(1);
  });

  test("that is garbage is none", () => {
    const server = start();
    server.hold(300, 900);
    expect(server.run(0, 60_000)).toBe("normal");
    expect(server.collections).toBe(1);
  });

  test("full collections stay rare", () => {
    const server = start();
    for (let second = 0; second < 300; second++) {
      server.hold(300, 900);
      server.run(0, 1000);
    }
    expect(server.collections).toBeLessThanOrEqual(6);
  });

  test("that has become garbage meanwhile is collected, once a minute", () => {
    const server = start();
    server.hold(1130);
    server.run(0, 1000);
    server.hold(300, 800);
    expect(server.run(0, 50_000)).toBe("closing_connections");
    expect(server.run(0, 40_000)).toBe("normal");
    expect(server.collections).toBe(2);
  });

  test("goes down slowly, a level every five seconds, once there is room to spare", () => {
    const server = start();
    server.hold(1130);
    server.run(0, 300);
    expect(server.load.level).toBe("closing_connections");
    server.hold(960);
    expect(server.run(0, 50_000)).toBe("closing_connections");
    server.hold(500);
    expect(server.run(0, 300)).toBe("refusing_publications");
    expect(server.run(0, 4000)).toBe("refusing_publications");
    expect(server.run(0, 12_000)).toBe("normal");
  });

  test("is not looked at where its bound is 0", () => {
    const server = start({ memoryBytes: 0 });
    server.hold(100_000);
    expect(server.run(0, 10_000)).toBe("normal");
    expect(server.collections).toBe(0);
  });
});

describe("a level that does not help in ten seconds", () => {
  test("gives way to the next one, for lag and for memory", () => {
    const lagging = start();
    lagging.run(600, 9000);
    expect(lagging.load.level).toBe("refusing_connections");
    lagging.run(600, 60_000);
    expect(lagging.changes).toEqual(["refusing_connections", "refusing_publications", "closing_connections"]);
    const full = start();
    full.hold(1010);
    expect(full.run(0, 9000)).toBe("refusing_connections");
    expect(full.run(0, 2000)).toBe("refusing_publications");
    expect(full.run(0, 60_000)).toBe("closing_connections");
  });

  test("stays where it relieves, although not by enough to end it", () => {
    const server = start();
    server.hold(1010);
    server.run(0, 5000);
    server.hold(980);
    expect(server.run(0, 60_000)).toBe("refusing_connections");
  });
});
