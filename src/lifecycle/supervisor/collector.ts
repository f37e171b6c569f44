import { addEnded, type Readings } from "../../telemetry/readings.ts";
import type { Collected, WorkerReport } from "../worker/messages.ts";
import { SharedAnswer } from "../worker/shared-answer.ts";
import type { WorkerProcess } from "./worker-process.ts";

const everyMs = 100;
/** Shorter than probes wait: one worker that is busy must not make the server look ill. */
const timeoutMs = 500;

/**
 * What all workers say together. The last report of each is kept, so that counters never fall: one that does not
 * answer in time stands with what it last said, and what one counted that has ended is not forgotten.
 */
export class Collector {
  readonly #workers: () => Iterable<WorkerProcess>;
  readonly #reports = new Map<WorkerProcess, WorkerReport>();
  readonly #answer = new SharedAnswer(everyMs, () => this.#askAll());
  /** Those whose report is awaited, and what to do when it is there. */
  #awaited: { workers: Set<WorkerProcess>; done: () => void } | null = null;
  #ended: Readings = {};
  #restarts = 0;

  /** `workers` are those that live. */
  constructor(workers: () => Iterable<WorkerProcess>) {
    this.#workers = workers;
  }

  collect(): Promise<Collected> {
    return this.#answer.get();
  }

  reported(worker: WorkerProcess, report: WorkerReport): void {
    this.#reports.set(worker, report);
    this.#noLongerAwait(worker);
  }

  /** A worker is gone; its counts stay. */
  ended(worker: WorkerProcess): void {
    const report = this.#reports.get(worker);
    if (report !== undefined) this.#ended = addEnded(this.#ended, report.metrics.readings);
    this.#reports.delete(worker);
    this.#noLongerAwait(worker);
  }

  restarted(): void {
    this.#restarts++;
  }

  async #askAll(): Promise<Collected> {
    const asked = new Set([...this.#workers()].filter((worker) => worker.isReady));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { workers: new Set(asked), done: resolve };
    for (const worker of asked) worker.send({ type: "report" });
    if (asked.size > 0) await Promise.race([promise, Bun.sleep(timeoutMs)]);
    const silent = this.#awaited.workers;
    return {
      workers: [...this.#workers()].map((worker) => ({
        worker: worker.number,
        pid: worker.pid,
        report: this.#reports.get(worker) ?? null,
        answered: asked.has(worker) && !silent.has(worker),
      })),
      ended: { ...this.#ended, fanfare_worker_restarts_total: this.#restarts },
    };
  }

  #noLongerAwait(worker: WorkerProcess): void {
    const awaited = this.#awaited;
    if (awaited === null) return;
    awaited.workers.delete(worker);
    if (awaited.workers.size === 0) awaited.done();
  }
}
