import { describe, expect, test } from "bun:test";
import { createLog, type LogOptions } from "../../../src/telemetry/log.ts";
import { type LogLevel, logLevelNames } from "../../../src/telemetry/log-level.ts";
import { MemoryDestination } from "./support.ts";

function setUp(options: Partial<LogOptions> = {}) {
  const output = new MemoryDestination();
  const log = createLog({
    level: "trace",
    format: "json",
    rotationBytes: 0,
    retentionMs: 0,
    output,
    ...options,
  });
  return { output, log };
}

test("a JSON line has level, time, process, base, fields and message", async () => {
  const { output, log } = setUp({ base: { node: "n1" } });
  log.info({ url: "http://h", port: 8000 }, "listening");
  await log.close();
  expect(output.records).toEqual([
    {
      level: "INFO",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: process.pid,
      node: "n1",
      url: "http://h",
      port: 8000,
      msg: "listening",
    },
  ]);
});

describe("levels", () => {
  test.each(logLevelNames)("from %s on", async (level) => {
    const { output, log } = setUp({ level });
    for (const name of logLevelNames) log[name]({}, "m");
    await log.close();
    const enabled = logLevelNames.slice(logLevelNames.indexOf(level));
    expect(output.records.map((record) => record.level)).toEqual(enabled.map((name) => name.toUpperCase()));
    expect(logLevelNames.filter((name: LogLevel) => log.isEnabled(name))).toEqual(enabled);
  });

  test("fields of a line that is not written are not read", () => {
    const { log } = setUp({ level: "info" });
    const fields = {
      get costly(): string {
        throw new Error("read");
      },
    };
    expect(() => log.debug(fields, "m")).not.toThrow();
  });
});

test("a child adds its fields to every line, a line's own win, and each name stands once", async () => {
  const { output, log } = setUp();
  const child = log.child({ connection_id: "c1", token: "abc" }).child({ topic: "a" });
  child.info({ topic: "b" }, "m");
  log.info({}, "m");
  await child.close();
  expect(output.records[0]).toMatchObject({ connection_id: "c1", token: "[redacted]", topic: "b" });
  expect(output.lines[0]!.split('"topic"')).toHaveLength(2);
  expect(output.records[1]).not.toHaveProperty("connection_id");
});

test("fields cannot pass for the line's own members", async () => {
  const { output, log } = setUp({ base: { node: "n1" } });
  log.info({ level: "CRITICAL", time: "never", msg: "forged", pid: 1, node: "n2" }, "true");
  await log.close();
  expect(output.records[0]).toMatchObject({
    level: "INFO",
    msg: "true",
    node: "n1",
    level_: "CRITICAL",
    node_: "n2",
  });
  expect(output.lines[0]!.split('"level"')).toHaveLength(2);
});

test("the message is searched for secrets too, and is no format", async () => {
  const { output, log } = setUp();
  log.info({}, "GET /ws?token=abc %s %d");
  await log.close();
  expect(output.records[0]!.msg).toBe("GET /ws?token=[redacted] %s %d");
});

test("text", async () => {
  const { output, log } = setUp({ format: "text", colours: false });
  log.warning({ topic: "chat" }, "slow");
  await log.close();
  expect(output.text).toMatch(/^\d{4}-\S+Z WARNING {2}slow topic=chat pid=\d+\n$/);
});

test("flush waits for what was logged; close takes no more", async () => {
  const { output, log } = setUp();
  log.info({}, "a");
  await log.flush();
  expect(output.lines).toHaveLength(1);
  await Promise.all([log.close(), log.close()]);
  log.info({}, "b");
  await log.flush();
  expect(output.lines).toHaveLength(1);
});

test("of several processes that share standard output each writes no more at once than a pipe takes whole", async () => {
  const alone = setUp();
  const shared = setUp({ worker: 1 });
  for (const { log } of [alone, shared]) {
    for (let line = 0; line < 100; line++) log.info({ line }, "ä".repeat(100));
    await log.close();
  }
  const sizes = ({ output }: typeof alone) => output.writes.map((text) => Buffer.byteLength(text));
  expect(Math.max(...sizes(alone))).toBeGreaterThan(4096);
  expect(Math.max(...sizes(shared))).toBeLessThanOrEqual(4096);
  expect(shared.output.lines).toHaveLength(100);
});
