import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { prometheusMetrics } from "../../../src/telemetry/prometheus-metrics.ts";
import { createTelemetry, type Telemetry } from "../../../src/telemetry/telemetry.ts";
import { type Family, parseExposition } from "./exposition.ts";

let telemetry: Telemetry;
beforeEach(() => {
  telemetry = createTelemetry({ version: '1.2.3-"quoted"\\' });
});
afterEach(() => telemetry.stop());

async function scrape(openMetrics = false): Promise<Map<string, Family>> {
  return parseExposition((await telemetry.toPrometheus(openMetrics)).body, openMetrics);
}

/** `{label value: number}` of a family with one label; `""` is the label of those without. */
function numbers(families: Map<string, Family>, name: string): Record<string, number> {
  const samples = families.get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(), value]));
}

describe.each([
  ["Prometheus text", false, "text/plain; version=0.0.4; charset=utf-8"],
  ["OpenMetrics", true, "application/openmetrics-text; version=1.0.0; charset=utf-8"],
] as const)("%s", (_, openMetrics, contentType) => {
  test("is what its content type says, also after the other one was asked for", async () => {
    for (const other of [openMetrics, !openMetrics, openMetrics]) await telemetry.toPrometheus(other);
    const answer = await telemetry.toPrometheus(openMetrics);
    expect(answer.contentType).toBe(contentType);
    const families = parseExposition(answer.body, openMetrics);
    const counterName = openMetrics ? "fanfare_deliveries" : "fanfare_deliveries_total";
    expect(families.get(counterName)?.type).toBe("counter");
    expect(families.get("fanfare_build_info")?.samples[0]?.labels).toEqual({
      version: '1.2.3-\\"quoted\\"\\\\',
      bun_version: Bun.version,
    });
  });

  test("has every metric, with a number", async () => {
    const families = await scrape(openMetrics);
    for (const { name, type } of prometheusMetrics) {
      const family = families.get(openMetrics && type === "counter" ? name.replace(/_total$/, "") : name);
      expect(family?.type).toBe(type);
      for (const { value } of family!.samples) expect(value).toBeFinite();
    }
  });
});

test("names are prefixed, counters end in _total, others do not", () => {
  for (const { name, type } of prometheusMetrics) {
    expect(name).toMatch(/^fanfare_[a-z0-9_]+$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
  }
});

test("counts are copied, not added up from scrape to scrape", async () => {
  for (const code of ["invalid", "invalid", "unheard_of"]) telemetry.counters.errors.add(code);
  telemetry.counters.framesReceived += 7;
  telemetry.counters.resumesNotRecovered++;
  await scrape();
  const families = await scrape();
  expect(numbers(families, "fanfare_errors_total")).toMatchObject({ invalid: 2, forbidden: 0, other: 1 });
  expect(numbers(families, "fanfare_frames_received_total")).toEqual({ "": 7 });
  expect(numbers(families, "fanfare_resumes_total")).toEqual({ true: 0, false: 1 });
});

test("gauges follow their source up and down", async () => {
  let websocket = 5;
  telemetry.setSource({
    connections: () => ({ websocket, sse: 1 }),
    subscriptions: () => 3,
    topics: () => 2,
    ringBytes: () => 4096,
    load: () => ({ level: "refusing_publications", rank: 2, cause: "memory" }),
    isBrokerConnected: () => false,
  });
  expect(numbers(await scrape(), "fanfare_connections")).toEqual({ websocket: 5, sse: 1 });
  websocket = 1;
  const families = await scrape();
  expect(numbers(families, "fanfare_connections")).toEqual({ websocket: 1, sse: 1 });
  expect(numbers(families, "fanfare_history_ring_bytes")).toEqual({ "": 4096 });
  expect(numbers(families, "fanfare_broker_connected")).toEqual({ "": 0 });
});

test("a histogram has cumulative buckets up to its count, and its sum", async () => {
  const end = { transport: "sse", code: null, reason: "", evictedFor: null } as const;
  for (const durationMs of [500, 3000, 3000, 1e10]) telemetry.connectionEnded({ ...end, durationMs });
  const family = (await scrape()).get("fanfare_connection_duration_seconds")!;
  const buckets = family.samples.filter(({ name }) => name.endsWith("_bucket"));
  const bounds = buckets.map(({ labels }) => Number(labels.le!.replace("+Inf", "Infinity")));
  expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
  const counts = buckets.map(({ value }) => value);
  expect(counts.slice(0, 3)).toEqual([1, 3, 3]);
  expect(counts.slice(-2)).toEqual([3, 4]);
  const sampleOf = (suffix: string) => family.samples.find(({ name }) => name.endsWith(suffix))?.value;
  expect(sampleOf("_count")).toBe(4);
  expect(sampleOf("_sum")).toBe(1e7 + 6.5);
});

test("two servers in one process keep their metrics apart", async () => {
  const other = createTelemetry({ version: "1" });
  other.stop();
  other.counters.framesReceived = 100;
  expect(numbers(await scrape(), "fanfare_frames_received_total")).toEqual({ "": 0 });
});

describe("the reader of these tests refuses", () => {
  test.each([
    ["a sample without a family", "a 1\n"],
    ["a repeated sample", "# HELP a x\n# TYPE a gauge\na 1\na 2\n"],
    ["what is no number", "# HELP a x\n# TYPE a gauge\na Nan1\n"],
    ["a label that is not escaped", '# HELP a x\n# TYPE a gauge\na{b="c"d"} 1\n'],
    ["a sample of another name", "# HELP a x\n# TYPE a counter\na_total 1\n"],
  ])("%s", (_, text) => expect(() => parseExposition(text, false)).toThrow());
});
