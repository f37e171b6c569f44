import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineWriter, type LineWriterOptions } from "../../../src/telemetry/line-writer.ts";
import { standardOutput } from "../../../src/telemetry/standard-output.ts";
import { inTemporaryFolder, MemoryDestination } from "./support.ts";

function setUp(options: Partial<LineWriterOptions> = {}) {
  const destination = new MemoryDestination();
  const failures: string[] = [];
  const losses: number[] = [];
  const writer = new LineWriter({
    destination,
    onFailure: (error) => failures.push(error.message),
    onLoss: (lines) => losses.push(lines),
    ...options,
  });
  return { destination, failures, losses, writer };
}

test("lines of one turn travel in one write, in order", async () => {
  const { destination, writer } = setUp();
  for (const line of ["a\n", "b\n", "c\n"]) writer.write(line);
  await writer.flush();
  expect(destination.writes).toEqual(["a\nb\nc\n"]);
});

test("a batch is bounded, but a longer line still goes out", async () => {
  const { destination, writer } = setUp({ batchCharacters: 4 });
  for (const line of ["a\n", "b\n", "c\n", "long line\n", "d\n"]) writer.write(line);
  await writer.flush();
  expect(destination.writes).toEqual(["a\nb\n", "c\n", "long line\n", "d\n"]);
});

test("while a write is under way the rest gathers", async () => {
  const { destination, writer } = setUp();
  const gate = Promise.withResolvers<void>();
  destination.blocked = gate.promise;
  writer.write("a\n");
  await Bun.sleep(0);
  for (let line = 0; line < 100; line++) writer.write(`${line}\n`);
  destination.blocked = null;
  gate.resolve();
  await writer.flush();
  expect(destination.writes).toHaveLength(2);
  expect(destination.lines).toHaveLength(101);
});

test("the queue is bounded; what was lost is told once it has emptied", async () => {
  const writtenAtLoss: number[] = [];
  const { destination, writer } = setUp({
    queueCharactersMax: 20,
    batchCharacters: 4,
    onLoss: (lines) => writtenAtLoss.push(lines, destination.lines.length),
  });
  for (let line = 0; line < 25; line++) writer.write("1\n");
  await writer.flush();
  expect(writtenAtLoss).toEqual([15, 10]);
});

test("a failure is told once, tried again after the pause, and its loss counted", async () => {
  const { destination, failures, losses, writer } = setUp({ retryMs: 20 });
  destination.failure = new Error("disk full");
  writer.write("a\n");
  await writer.flush();
  for (let line = 0; line < 3; line++) writer.write("b\n");
  await writer.flush();
  await Bun.sleep(25);
  writer.write("still failing\n");
  await writer.flush();
  expect(failures).toEqual(["disk full"]);
  destination.failure = null;
  await Bun.sleep(25);
  writer.write("c\n");
  await writer.flush();
  expect(destination.text).toBe("c\n");
  expect(losses).toEqual([5]);
});

test("a final failure is never tried again", async () => {
  const { destination, writer } = setUp({ retryMs: 0, isFinal: () => true });
  destination.failure = new Error("reader gone");
  writer.write("a\n");
  await writer.flush();
  destination.failure = null;
  writer.write("b\n");
  await writer.flush();
  expect(destination.text).toBe("");
});

test("close writes what waits, then closes; later lines are dropped", async () => {
  const { destination, writer } = setUp();
  writer.write("a\n");
  await writer.close();
  writer.write("b\n");
  await writer.close();
  expect(destination.text).toBe("a\n");
  expect(destination.isClosed).toBe(true);
});

test("a reader that is stuck holds up neither close nor exit", async () => {
  const { destination, writer } = setUp({ flushTimeoutMs: 1100 });
  destination.blocked = new Promise(() => {});
  writer.write("a\n");
  await Bun.sleep(0);
  writer.write("b\n");
  await writer.close();
  writer.writeRemainderSync();
  expect(destination.writes).toEqual([]);
  expect(destination.isClosed).toBe(false);
});

test("at exit, what waits is written at once", () => {
  const { destination, writer } = setUp();
  writer.write("a\n");
  writer.writeRemainderSync();
  writer.writeRemainderSync();
  expect(destination.text).toBe("a\n");
});

test("at exit, what waits for its destination to open is written at once", async () => {
  const destination = Object.assign(new MemoryDestination(), { opened: new Promise<void>(() => {}) });
  destination.blocked = destination.opened;
  const { writer } = setUp({ destination });
  writer.write("a\n");
  await Bun.sleep(0);
  writer.writeRemainderSync();
  expect(destination.text).toBe("a\n");
});

test("at exit, a write that is under way is given the time to arrive", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "file");
    const descriptor = openSync(path, "w");
    const { writer } = setUp({ destination: standardOutput(descriptor) });
    writer.write("a\n");
    await null;
    await null;
    writer.writeRemainderSync();
    expect(readFileSync(path, "utf8")).toBe("a\n");
    await writer.flush();
    closeSync(descriptor);
  }));

test("at exit, nothing is written to a failed destination", async () => {
  const { destination, writer } = setUp();
  destination.failure = new Error("disk full");
  writer.write("a\n");
  await writer.flush();
  writer.write("b\n");
  writer.writeRemainderSync();
  expect(destination.text).toBe("");
});
