import { expect, test } from "bun:test";
import { watchHeartbeats } from "../../../../src/lifecycle/supervisor/heartbeat.ts";
import type { WorkerProcess } from "../../../../src/lifecycle/supervisor/worker-process.ts";
import { createLog } from "../../../../src/telemetry/log.ts";
import { until } from "../../../support/until.ts";
import { MemoryDestination } from "../../telemetry/support.ts";

class FakeWorker {
  readonly pid = 4711;
  readonly number: number;
  readonly answers: boolean;
  readonly signals: string[] = [];
  pings = 0;
  #unanswered = 0;

  constructor(number: number, answers: boolean) {
    this.number = number;
    this.answers = answers;
  }

  ping(): number {
    this.pings++;
    const unanswered = this.#unanswered;
    this.#unanswered = this.answers ? 0 : unanswered + 1;
    return unanswered;
  }

  signal(signal: string): void {
    this.signals.push(`${signal} after ${this.pings}`);
  }
}

test("a worker that answers none of six pings is killed, and said so", async () => {
  const workers = [new FakeWorker(1, true), new FakeWorker(2, false)];
  const output = new MemoryDestination();
  const log = createLog({ level: "info", format: "json", rotationBytes: 0, retentionMs: 0, output });
  const timer = watchHeartbeats(() => workers as unknown as WorkerProcess[], log, 2);
  try {
    await until(() => workers[1]!.signals.length > 0);
    expect(workers[1]!.signals[0]).toBe("SIGKILL after 7");
    expect(workers[0]!.signals).toEqual([]);
  } finally {
    clearInterval(timer);
  }
  await log.close();
  expect(output.records[0]).toMatchObject({
    level: "ERROR",
    worker: 2,
    worker_pid: 4711,
    msg: "worker does not answer for half a minute: killing it",
  });
});
