import type { Log } from "../../telemetry/log.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Notice } from "../worker/messages.ts";
import { Backoff } from "./backoff.ts";
import { Collector } from "./collector.ts";
import { watchHeartbeats } from "./heartbeat.ts";
import { type WorkerCommand, type WorkerEnd, WorkerProcess } from "./worker-process.ts";

export interface SupervisorPorts {
  readonly log: Log;
  /** How the worker with this number is started. */
  readonly commandOf: (number: number) => WorkerCommand;
  /** A worker takes connections while others are yet to start. */
  readonly listening: () => void;
  /** All workers are ready, for the first time. */
  readonly up: () => void;
  /** None can be started, for which this is the exit code; it has been told why. */
  readonly failed: (exitCode: number) => void;
}

/** A place on the port, and who has it. */
interface Slot {
  /** Null: it died, and another is about to be started. */
  worker: WorkerProcess | null;
  /** Starting, to take its place. */
  successor: WorkerProcess | null;
  readonly backoff: Backoff;
  restart: NodeJS.Timeout | null;
}

/** How long a new worker has until it is ready; then the one that it was to replace stays. */
const readyTimeoutMs = 30_000;

/** Exit codes of a worker that says itself why it cannot start, and could not the next time either. */
const startFailures: readonly (number | null)[] = [exitCodes.failed, exitCodes.invalidSettings];

/**
 * Keeps so many workers alive: starts another for each that dies, replaces them one by one, and ends when all have
 * ended. It serves nothing itself.
 */
export class Supervisor {
  readonly #ports: SupervisorPorts;
  readonly #slots: Slot[];
  /** All that live, those too that were told to end. */
  readonly #workers = new Set<WorkerProcess>();
  readonly #collector = new Collector(() => this.#workers);
  readonly #allEnded = Promise.withResolvers<void>();
  #state: "starting" | "up" | "stopping" = "starting";
  #isReplacing = false;
  #replaceAgain = false;

  constructor(count: number, ports: SupervisorPorts) {
    this.#ports = ports;
    this.#slots = Array.from({ length: count }, () => ({
      worker: null,
      successor: null,
      backoff: new Backoff(),
      restart: null,
    }));
    watchHeartbeats(() => this.#workers, ports.log);
  }

  /** Process ids of the workers that take connections. */
  get pids(): number[] {
    return this.#slots.flatMap(({ worker }) => (worker?.isReady ? [worker.pid] : []));
  }

  /** Starts one worker, and the others when it takes connections: if none can start, one says why, and not each. */
  start(): void {
    this.#slots[0]!.worker = this.#spawn();
  }

  /** Lets all clients go; resolves when all workers have ended. */
  stop(): Promise<void> {
    this.#state = "stopping";
    for (const slot of this.#slots) this.#cancelRestart(slot);
    // Nobody goes on listening: those who come are to be told so.
    for (const worker of this.#workers) worker.drain(false);
    if (this.#workers.size === 0) this.#allEnded.resolve();
    return this.#allEnded.promise;
  }

  /** Ends the waiting of `stop`. */
  force(): void {
    for (const worker of this.#workers) worker.send({ type: "force" });
  }

  /** Passes a signal on to all workers. */
  signal(signal: NodeJS.Signals): void {
    for (const worker of this.#workers) worker.signal(signal);
  }

  /** Replaces the workers one by one: each new one is ready before the old one lets its clients go. */
  async replace(): Promise<void> {
    const { log } = this.#ports;
    if (this.#state !== "up") {
      log.warning({}, "the workers are not replaced: they are starting or stopping");
    } else if (this.#isReplacing) {
      this.#replaceAgain = true;
      log.info({}, "the workers are being replaced: they will be once more");
    } else {
      this.#isReplacing = true;
      do {
        this.#replaceAgain = false;
        log.info({}, "replacing the workers one by one");
        if (await this.#replaceAll()) log.info({ workers: this.pids }, "all workers are replaced");
      } while (this.#replaceAgain && this.#state === "up");
      this.#isReplacing = false;
    }
  }

  /** False: one could not be replaced, and so the others are not either. */
  async #replaceAll(): Promise<boolean> {
    for (const slot of this.#slots) {
      if (!(await this.#replaceIn(slot))) return false;
    }
    return true;
  }

  async #replaceIn(slot: Slot): Promise<boolean> {
    this.#cancelRestart(slot);
    const successor = this.#spawn();
    slot.successor = successor;
    const isReady = await Promise.race([successor.ready, Bun.sleep(readyTimeoutMs).then(() => false)]);
    slot.successor = null;
    if (this.#state !== "up") return false;
    if (!isReady) {
      successor.signal("SIGKILL");
      const fields = { worker: successor.number, worker_pid: successor.pid };
      this.#ports.log.error(fields, "the workers stay as they are: the new one did not become ready");
      if (slot.worker === null) this.#restartLater(slot, 0);
      return false;
    }
    slot.worker?.drain(true);
    slot.worker = successor;
    return true;
  }

  #goOnStarting(): void {
    this.#ports.listening();
    for (const slot of this.#slots) {
      if (slot.restart === null) slot.worker ??= this.#spawn();
    }
    if (!this.#slots.every(({ worker }) => worker?.isReady === true)) return;
    this.#state = "up";
    this.#ports.up();
  }

  #spawn(): WorkerProcess {
    const numbers = new Set([...this.#workers].map((worker) => worker.number));
    let number = 1;
    while (numbers.has(number)) number++;
    const worker = new WorkerProcess(number, this.#ports.commandOf(number), {
      told: (teller, notice) => this.#hear(teller, notice),
      ended: (ended, end) => this.#bury(ended, end),
    });
    this.#workers.add(worker);
    return worker;
  }

  #hear(worker: WorkerProcess, notice: Notice): void {
    const fields = { worker: worker.number, worker_pid: worker.pid };
    switch (notice.type) {
      case "ready":
        if (notice.brokerAnswers) this.#ports.log.info(fields, "worker started");
        else this.#ports.log.warning(fields, "worker started, but Redis does not answer it");
        if (this.#state === "starting") this.#goOnStarting();
        break;
      case "asked_to_end":
        this.#letGo(worker);
        break;
      case "report":
        this.#collector.reported(worker, notice.report);
        break;
      case "collect":
        void this.#collector.collect().then((collected) => {
          worker.send({ type: "collected", question: notice.question, collected });
        });
        break;
    }
  }

  /** Somebody told one worker to end: another takes its place. */
  #letGo(worker: WorkerProcess): void {
    if (worker.isLeaving) return;
    const slot = this.#slots.find((one) => one.worker === worker);
    const hasOthers = this.#state === "up" && this.#slots.length > 1;
    worker.drain(hasOthers);
    if (slot === undefined) return;
    slot.worker = null;
    if (slot.successor === null) this.#restartLater(slot, worker.upMs);
  }

  #bury(worker: WorkerProcess, { exitCode, signal }: WorkerEnd): void {
    this.#workers.delete(worker);
    this.#collector.ended(worker);
    const fields = { worker: worker.number, worker_pid: worker.pid, exit_code: exitCode, signal };
    const { log } = this.#ports;
    if (worker.isLeaving && exitCode === exitCodes.stopped) log.info(fields, "worker stopped");
    else log.error(fields, "worker died");
    if (this.#state === "stopping") {
      if (this.#workers.size === 0) this.#allEnded.resolve();
      return;
    }
    if (!worker.isLeaving && startFailures.includes(exitCode) && this.#isHopeless(worker)) {
      this.#ports.failed(exitCode ?? exitCodes.failed);
      return;
    }
    const slot = this.#slots.find((one) => one.worker === worker);
    if (slot === undefined) return;
    slot.worker = null;
    this.#collector.restarted();
    if (slot.successor === null) this.#restartLater(slot, worker.upMs);
  }

  /** Whether a worker that could not start shows that none can. */
  #isHopeless(worker: WorkerProcess): boolean {
    if (worker.hasBeenReady) return false;
    return this.#state === "starting" || this.pids.length === 0;
  }

  #restartLater(slot: Slot, upMs: number): void {
    const delayMs = slot.backoff.next(upMs);
    this.#ports.log.info({ delay_ms: delayMs }, "starting another worker");
    slot.restart = setTimeout(() => {
      slot.restart = null;
      slot.worker = this.#spawn();
    }, delayMs);
  }

  #cancelRestart(slot: Slot): void {
    if (slot.restart !== null) clearTimeout(slot.restart);
    slot.restart = null;
  }
}
