import { join } from "node:path";
import type { Subprocess } from "bun";
import { cpuSeconds } from "../measure/process-usage.ts";
import type { Notice, Order } from "../relay/program.ts";

export interface RelayPrograms {
  /** From the root of the repository. */
  readonly publisher: string;
  readonly subscriber: string;
  readonly environment: Readonly<Record<string, string>>;
}

const root = join(import.meta.dir, "..", "..");
const patienceMs = 15_000;

/** A program at each end of a relay. */
export class RelayPair implements AsyncDisposable {
  readonly #publisher: End;
  readonly #subscriber: End;
  #published = 0;
  #clockSeconds = 0;

  private constructor(publisher: End, subscriber: End) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  /** Resolves when both are connected, and the one is subscribed. */
  static async start({ publisher, subscriber, environment }: RelayPrograms): Promise<RelayPair> {
    const pair = new RelayPair(new End(publisher, environment), new End(subscriber, environment));
    try {
      await Promise.all([pair.#publisher.next("ready"), pair.#subscriber.next("ready")]);
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Processor time of both programs. */
  cpuSeconds(): { readonly publisher: number; readonly subscriber: number } {
    return { publisher: cpuSeconds(this.#publisher.pid), subscriber: cpuSeconds(this.#subscriber.pid) };
  }

  /** Time of the clock that it took until everything had arrived, over all runs. */
  clockSeconds(): number {
    return this.#clockSeconds;
  }

  /** Publishes for so long; resolves with the number of publications when all have arrived. */
  async run(inFlight: number, durationMs: number): Promise<number> {
    const startedAt = performance.now();
    this.#publisher.order({ type: "publish", durationMs, inFlight });
    const { count } = await this.#publisher.next("published");
    this.#published += count;
    this.#subscriber.order({ type: "await", total: this.#published });
    await this.#subscriber.next("arrived");
    this.#clockSeconds += (performance.now() - startedAt) / 1000;
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#publisher.stop(), this.#subscriber.stop()]);
  }
}

/** One of the two processes. */
class End {
  readonly #child: Subprocess<"ignore", "ignore", "inherit">;
  readonly #name: string;
  readonly #notices: Notice[] = [];
  #wake: () => void = () => {};

  constructor(program: string, environment: Readonly<Record<string, string>>) {
    this.#name = program;
    this.#child = Bun.spawn([process.execPath, join(root, program)], {
      cwd: root,
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "ignore", "inherit"],
      serialization: "json",
      ipc: (notice: Notice) => {
        this.#notices.push(notice);
        this.#wake();
      },
      onExit: () => this.#wake(),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  order(order: Order): void {
    this.#child.send(order);
  }

  async next<Type extends Notice["type"]>(type: Type): Promise<Extract<Notice, { type: Type }>> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const notice = this.#notices.shift();
      if (notice?.type === type) return notice as Extract<Notice, { type: Type }>;
      if (notice !== undefined) throw new Error(`${this.#name} says ${notice.type}, ${type} was due`);
      if (this.#child.exitCode !== null) throw new Error(`${this.#name} exited with ${this.#child.exitCode}`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${this.#name} does not say ${type}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }
}
