import { expect, test } from "bun:test";
import { Collector } from "../../../../src/lifecycle/supervisor/collector.ts";
import type { WorkerProcess } from "../../../../src/lifecycle/supervisor/worker-process.ts";
import type { Order, WorkerReport } from "../../../../src/lifecycle/worker/messages.ts";

/** What the collector uses of a worker; it answers with as many frames as it has. */
class FakeWorker {
  isReady = true;
  frames = 0;
  answers = true;
  asked = 0;
  readonly number: number;
  readonly pid: number;
  readonly #collector: () => Collector;

  constructor(number: number, collector: () => Collector) {
    this.number = number;
    this.pid = 1000 + number;
    this.#collector = collector;
  }

  send(order: Order): void {
    if (order.type !== "report") return;
    this.asked++;
    if (this.answers) setTimeout(() => this.#collector().reported(this.asWorker, this.report()), 1);
  }

  report(): WorkerReport {
    return {
      facts: {
        node: `node-${this.number}`,
        version: "1.2.3",
        pid: this.pid,
        started_at: 1,
        connections: { websocket: this.frames, sse: 0 },
        subscriptions: 0,
        draining: false,
      },
      metrics: {
        readings: { fanfare_frames_received_total: this.frames, fanfare_connections: { websocket: 1 } },
        load: { level: "normal", rank: 0, cause: null },
      },
    };
  }

  get asWorker(): WorkerProcess {
    return this as unknown as WorkerProcess;
  }
}

function setUp(count: number) {
  const workers: FakeWorker[] = [];
  const collector = new Collector(() => workers.map((worker) => worker.asWorker));
  for (let number = 1; number <= count; number++) workers.push(new FakeWorker(number, () => collector));
  return { workers, collector };
}

test("all workers are asked, and say what they have counted", async () => {
  const { workers, collector } = setUp(2);
  workers[0]!.frames = 3;
  workers[1]!.frames = 4;
  const collected = await collector.collect();
  expect(collected.workers).toEqual([
    { worker: 1, pid: 1001, report: workers[0]!.report(), answered: true },
    { worker: 2, pid: 1002, report: workers[1]!.report(), answered: true },
  ]);
  expect(collected.ended).toEqual({ fanfare_worker_restarts_total: 0 });
});

test("one that does not answer stands with what it last said; one that starts is named", async () => {
  const { workers, collector } = setUp(3);
  const [silent, starting, fine] = workers as [FakeWorker, FakeWorker, FakeWorker];
  starting.isReady = false;
  silent.frames = 5;
  await collector.collect();
  silent.frames = 9;
  silent.answers = false;
  fine.frames = 1;
  const began = performance.now();
  const { workers: states } = await collector.collect();
  expect(performance.now() - began).toBeWithin(400, 900);
  expect(starting.asked).toBe(0);
  expect(states.map(({ answered }) => answered)).toEqual([false, false, true]);
  expect(states[0]!.report!.metrics.readings.fanfare_frames_received_total).toBe(5);
  expect(states[1]!.report).toBeNull();
});

test("what one counted that has ended is kept, and its end is not waited for", async () => {
  const { workers, collector } = setUp(2);
  const [leaving, staying] = workers as [FakeWorker, FakeWorker];
  leaving.frames = 5;
  await collector.collect();
  leaving.answers = false;
  const pending = collector.collect();
  // Its last word, and its end.
  await Bun.sleep(120);
  leaving.frames = 7;
  collector.reported(leaving.asWorker, leaving.report());
  collector.ended(leaving.asWorker);
  collector.restarted();
  workers.shift();
  staying.frames = 1;
  const began = performance.now();
  const collected = await pending;
  expect(performance.now() - began).toBeLessThan(300);
  expect(collected.workers.map(({ worker }) => worker)).toEqual([2]);
  expect(collected.ended).toEqual({ fanfare_frames_received_total: 7, fanfare_worker_restarts_total: 1 });
});
