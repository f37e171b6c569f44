import { describe, expect, test } from "bun:test";
import measured from "../../../bench/scaling/measured.json" with { type: "json" };
import { type MeasuredCosts, needsOf, plannedShare } from "../../../bench/scaling/model.ts";

const costs: MeasuredCosts = {
  publishUs: 100,
  receiveUs: 50,
  deliverUs: 10,
  redisUs: 50,
  connectionBytes: 1000,
  connectionsPerProcess: 10_000,
};
const load = { connections: 10_000, publications: 1000, readers: 1, bytes: 100 };

describe("what a load needs", () => {
  test("connections alone ask for as many processes as hold them", () => {
    expect(needsOf({ ...load, publications: 1, connections: 35_000 }, costs)).toMatchObject({
      processes: 4,
      connectionBytes: 35e6,
    });
  });

  test("every process carries its share of publishing, receiving and delivering", () => {
    const needs = needsOf({ ...load, publications: 20_000, readers: 10 }, costs);
    const { publishing, receiving, delivering } = needs.shares;
    expect(publishing + receiving + delivering).toBeLessThanOrEqual(plannedShare);
    expect(needs.processes).toBeGreaterThan((20_000 * (100 + 10 * 10)) / (plannedShare * 1e6));
  });

  test("cost grows with interest, not with processes", () => {
    const few = needsOf({ ...load, connections: 100_000 }, costs);
    const many = needsOf({ ...load, connections: 10_000_000 }, costs);
    expect(many.processes).toBe(1000);
    expect(few.interested).toBeCloseTo(1);
    expect(many.interested).toBeCloseTo(1);
    expect(
      needsOf({ ...load, connections: 100_000, publications: 1, readers: 100_000 }, costs).interested,
    ).toBeCloseTo(10);
  });

  test("masters of Redis follow publications", () => {
    expect(needsOf({ ...load, publications: 10_000 }, costs).redisMasters).toBe(1);
    expect(needsOf({ ...load, publications: 30_000 }, costs).redisMasters).toBe(3);
  });
});

test("the table in the documentation is what it comes to with what was measured", async () => {
  const printed = Bun.spawnSync([process.execPath, "bench/scaling/main.ts"]).stdout.toString();
  const [table = ""] = printed.split("\n\n");
  expect(table.split("\n").length).toBeGreaterThan(5);
  expect(await Bun.file("docs/operations.md").text()).toContain(table);
  expect(Object.keys(measured.commands)).toEqual(Object.keys(measured.costs));
});
