import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createLog, type LogOptions } from "../../../src/telemetry/log.ts";
import { isRotated } from "../../../src/telemetry/log-files.ts";
import { deleteExpiredFiles } from "../../../src/telemetry/log-retention.ts";
import { inTemporaryFolder, MemoryDestination, waitUntil } from "./support.ts";

const main = "websocket_server.log";
const oneDayMs = 86_400_000;

function open(directory: string, options: Partial<LogOptions> = {}) {
  const output = new MemoryDestination();
  const defaults = { level: "info", format: "json", rotationBytes: 0, retentionMs: 0, output } as const;
  return { output, log: createLog({ ...defaults, directory, ...options }) };
}

const records = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const rotated = (folder: string) =>
  readdirSync(folder)
    .filter((file) => isRotated(file, main))
    .sort();

test("all lines go to one file, errors with their stacks to another too", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "made", "on", "demand");
    const { output, log } = open(directory);
    log.info({}, "listening");
    log.error({ error: new TypeError("bad") }, "failed");
    log.critical({}, "lost");
    log.debug({}, "not written");
    await log.close();
    expect(records(join(directory, main)).map(({ msg }) => msg)).toEqual(["listening", "failed", "lost"]);
    const errors = records(join(directory, "errors.log"));
    expect(errors.map(({ level }) => level)).toEqual(["ERROR", "CRITICAL"]);
    expect(errors[0].error.stack).toContain("log-files.test.ts");
    expect(output.lines).toHaveLength(3);
    expect(statSync(join(directory, main)).mode & 0o007).toBe(0);
  }));

test("text format holds for the files, without colours", () =>
  inTemporaryFolder(async (directory) => {
    const { log } = open(directory, { format: "text", colours: true });
    log.info({ a: 1 }, "listening");
    await log.close();
    expect(readFileSync(join(directory, main), "utf8")).toMatch(/^\S+Z INFO {5}listening a=1 pid=\d+\n$/);
  }));

test("a file that is there already is continued", () =>
  inTemporaryFolder(async (directory) => {
    for (const message of ["first", "second"]) {
      const { log } = open(directory);
      log.info({}, message);
      await log.close();
    }
    expect(records(join(directory, main)).map(({ msg }) => msg)).toEqual(["first", "second"]);
  }));

test("files rotate by size, and no line is lost or out of order", () =>
  inTemporaryFolder(async (directory) => {
    const { log } = open(directory, { rotationBytes: 4000, retainedBytesMax: 0 });
    for (let number = 0; number < 200; number++) {
      log.info({ number }, "line");
      if (number % 10 === 0) await log.flush();
    }
    await log.close();
    const files = [...rotated(directory), main];
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(statSync(join(directory, file)).size).toBeLessThan(4600);
    const numbers = files.flatMap((file) => records(join(directory, file)).map(({ number }) => number));
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, number) => number));
  }));

test("after a rotation the oldest files go once all together are too large", () =>
  inTemporaryFolder(async (directory) => {
    const { log } = open(directory, { rotationBytes: 2000, retainedBytesMax: 7000 });
    for (let number = 0; number < 300; number++) {
      log.info({ number }, "line");
      await log.flush();
    }
    await log.close();
    const sizes = rotated(directory).map((file) => statSync(join(directory, file)).size);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(7000);
    expect(records(join(directory, rotated(directory).at(-1)!)).at(-1).number).toBeGreaterThan(250);
  }));

test("at start, rotated files that are too old are deleted, and nothing else", () =>
  inTemporaryFolder(async (directory) => {
    const age = (name: string, days: number) => {
      writeFileSync(join(directory, name), "x\n");
      const seconds = Date.now() / 1000 - days * 86_400;
      utimesSync(join(directory, name), seconds, seconds);
    };
    const expired = ["websocket_server.20200101T000000000Z.12-1.log", "errors.20200101T000000000Z.12-1.log"];
    const kept = [
      "websocket_server.20200101T000000001Z.12-1.log",
      "websocket_server.notes.log",
      "websocket_server.20200101T000000000Z.12-1.log.gz",
      "other.20200101T000000000Z.12-1.log",
    ];
    for (const name of expired) age(name, 31);
    age(kept[0]!, 29);
    for (const name of kept.slice(1)) age(name, 31);
    age(main, 31);
    const { log } = open(directory, { retentionMs: 30 * oneDayMs });
    await log.close();
    expect(readdirSync(directory).sort()).toEqual([...kept, main, "errors.log"].sort());
  }));

test("retention of 0 keeps everything", () =>
  inTemporaryFolder(async (directory) => {
    const name = "websocket_server.20200101T000000000Z.12-1.log";
    writeFileSync(join(directory, name), "x");
    utimesSync(join(directory, name), 0, 0);
    await deleteExpiredFiles({ directory, name: main, retentionMs: 0, retainedBytesMax: 0 }, Date.now());
    expect(readdirSync(directory)).toEqual([name]);
  }));

test("where the folder cannot be written, one warning says why, and standard output goes on", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { output, log } = open(join(file, "logs"));
    log.error({}, "still here");
    await log.close();
    expect(output.records).toHaveLength(2);
    expect(output.records[0]).toMatchObject({ level: "WARNING", directory: join(file, "logs") });
    expect(output.records[0]!.reason).toContain("ENOTDIR");
    expect(output.records[0]!.msg).toContain("LOG_DIR");
    expect(output.records[1]).toMatchObject({ msg: "still here" });
  }));

test("a file name that is taken by a folder is such a case", () =>
  inTemporaryFolder(async (directory) => {
    mkdirSync(join(directory, "errors.log"));
    const { output, log } = open(directory);
    log.info({}, "still here");
    await log.close();
    expect(output.records.map(({ level }) => level)).toEqual(["WARNING", "INFO"]);
  }));

test("a file that fails later is told once, and written again when it can be", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "logs");
    const { output, log } = open(directory, { rotationBytes: 1000, retryMs: 20 });
    const warnings = () => output.records.filter(({ level }) => level === "WARNING");
    log.info({}, "before");
    await log.flush();
    renameSync(directory, join(folder, "away"));
    writeFileSync(directory, "not a folder");
    for (let number = 0; number < 30; number++) {
      log.info({ number }, "during");
      await log.flush();
    }
    expect(warnings().filter(({ file }) => file === join(directory, main))).toHaveLength(1);
    expect(output.records.filter(({ msg }) => msg === "during")).toHaveLength(30);
    rmSync(directory);
    mkdirSync(directory);
    await Bun.sleep(25);
    log.info({}, "after");
    await waitUntil(() => existsSync(join(directory, main)), "the file to be opened again");
    await log.close();
    expect(records(join(directory, main)).map(({ msg }) => msg)).toContain("after");
    expect(warnings().some(({ lines }) => Number(lines) > 0)).toBe(true);
  }));

test("each of several processes has files of its own, which it alone puts aside and deletes", () =>
  inTemporaryFolder(async (folder) => {
    const others = [
      "websocket_server.20251121T101500123Z.1-1.log",
      "errors.1.log",
      "websocket_server.12.log",
    ];
    for (const file of others) writeFileSync(join(folder, file), "older\n");
    const old = new Date(Date.now() - 10 * oneDayMs);
    for (const file of others) utimesSync(join(folder, file), old, old);
    const { log } = open(folder, { worker: 2, rotationBytes: 2000, retentionMs: oneDayMs });
    const isAside = (file: string) => isRotated(file, "websocket_server.2.log");
    for (let line = 0; !readdirSync(folder).some(isAside); line++) {
      log.info({ line }, "x".repeat(100));
      await log.flush();
    }
    await log.close();
    const files = readdirSync(folder).filter((file) => !isAside(file));
    expect(files.sort()).toEqual([...others, "errors.2.log", "websocket_server.2.log"].sort());
  }));
