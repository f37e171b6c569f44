import { isMessage, type Notice, type Order } from "../worker/messages.ts";

/** How a worker ended: one of the two is there. */
export interface WorkerEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What is done about what a worker tells. */
export interface WorkerEvents {
  /** Every message, after the worker itself has taken note of it. */
  told(worker: WorkerProcess, notice: Notice): void;
  ended(worker: WorkerProcess, end: WorkerEnd): void;
}

/** What is started, and with which environment. */
export interface WorkerCommand {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const lastWordsMs = 200;

/** One worker, from its start to its end. */
export class WorkerProcess {
  readonly number: number;
  readonly #process: Bun.Subprocess<"ignore", "inherit", "inherit">;
  readonly #startedAt = performance.now();
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #disconnected = Promise.withResolvers<void>();
  #hasBeenReady = false;
  #isEnded = false;
  #isLeaving = false;
  #unanswered = 0;

  constructor(number: number, { command, environment }: WorkerCommand, events: WorkerEvents) {
    this.number = number;
    this.#process = Bun.spawn([...command], {
      env: environment,
      stdio: ["ignore", "inherit", "inherit"],
      // Of two versions of the server, each may send what the other does not know.
      serialization: "json",
      ipc: (message: unknown) => {
        if (!isMessage(message)) return;
        this.#note(message as Notice);
        events.told(this, message as Notice);
      },
      onExit: async (_process, exitCode, signalCode) => {
        this.#isEnded = true;
        // What it said at last may come after its end.
        await Promise.race([this.#disconnected.promise, Bun.sleep(lastWordsMs)]);
        this.#ready.resolve(false);
        events.ended(this, { exitCode, signal: signalCode === null ? null : String(signalCode) });
      },
      onDisconnect: () => this.#disconnected.resolve(),
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** How long it has been up. */
  get upMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Settles when it takes connections: true; or false when it ended before. */
  get ready(): Promise<boolean> {
    return this.#ready.promise;
  }

  /** It takes connections. */
  get isReady(): boolean {
    return this.#hasBeenReady && !this.#isEnded;
  }

  /** It took connections at some time. */
  get hasBeenReady(): boolean {
    return this.#hasBeenReady;
  }

  /** It was told to let its clients go. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  drain(handOver: boolean): void {
    this.#isLeaving = true;
    this.send({ type: "drain", handOver });
  }

  /** One that has just ended hears nothing. */
  send(order: Order): void {
    if (this.#isEnded) return;
    try {
      this.#process.send(order);
    } catch {
      // It ended, and its end is about to be told.
    }
  }

  /** Asks for a sign of life; how many it has not answered in a row. */
  ping(): number {
    const unanswered = this.#unanswered;
    this.#unanswered++;
    this.send({ type: "ping" });
    return unanswered;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #note(notice: Notice): void {
    this.#unanswered = 0;
    if (notice.type !== "ready") return;
    this.#hasBeenReady = true;
    this.#ready.resolve(true);
  }
}
