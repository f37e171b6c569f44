import { type Collected, isMessage, type Notice, type Order, type WorkerReport } from "./messages.ts";
import { SharedAnswer } from "./shared-answer.ts";

/** How often all workers are asked at most, whoever asks this one. */
const collectEveryMs = 100;
/** The supervisor waits half as long for the workers. */
const collectTimeoutMs = 1000;

/** Who says what this worker is and has counted. */
interface Reporter {
  report(): WorkerReport;
}

/** What a worker does when it is told. */
export interface LinkEvents {
  drain(handOver: boolean): unknown;
  force(): unknown;
  /** The supervisor is gone. */
  orphaned(): void;
}

/** A worker's side of what it and its supervisor tell each other. */
export class SupervisorLink {
  readonly #worker: number;
  readonly #reporter: Promise<Reporter>;
  readonly #events: LinkEvents;
  readonly #collected = new SharedAnswer(collectEveryMs, () => this.#askForAll());
  #question = 0;
  /** The collection under way. */
  #asked: { question: number; answer: (collected: Collected | null) => void } | null = null;
  #last: Collected | null = null;

  /** `worker` is this one's number. */
  constructor(worker: number, reporter: Promise<Reporter>, events: LinkEvents) {
    this.#worker = worker;
    this.#reporter = reporter;
    this.#events = events;
    process.on("message", (message: unknown) => {
      if (isMessage(message)) this.#obey(message as Order);
    });
    process.on("disconnect", () => events.orphaned());
    // It may have gone before anybody listened for that.
    if (process.connected === false) events.orphaned();
  }

  /** Nobody may be there to hear it. */
  tell(notice: Notice): void {
    try {
      process.send?.(notice);
    } catch {
      // The supervisor is gone, of which the disconnection tells.
    }
  }

  /** What all workers say, this one as it is now. Without a supervisor that answers: what they last said. */
  async collect(): Promise<Collected> {
    const collected = (await this.#collected.get()) ?? (await this.#silent());
    this.#last = collected;
    return collected;
  }

  #obey(order: Order): void {
    switch (order.type) {
      case "drain":
        this.#events.drain(order.handOver);
        break;
      case "force":
        this.#events.force();
        break;
      case "ping":
        this.tell({ type: "pong" });
        break;
      case "report":
        void this.#reporter.then(({ report }) => this.tell({ type: "report", report: report() }));
        break;
      case "collected":
        if (order.question === this.#asked?.question) this.#asked.answer(order.collected);
        break;
    }
  }

  /** Null: there is no answer. */
  #askForAll(): Promise<Collected | null> {
    const { promise, resolve } = Promise.withResolvers<Collected | null>();
    const timer = setTimeout(resolve, collectTimeoutMs, null);
    this.#question++;
    this.#asked = {
      question: this.#question,
      answer: (collected) => {
        clearTimeout(timer);
        resolve(collected);
      },
    };
    this.tell({ type: "collect", question: this.#question });
    return promise;
  }

  async #silent(): Promise<Collected> {
    const { pid } = process;
    const { report } = await this.#reporter;
    const others = this.#last?.workers.filter((worker) => worker.pid !== pid) ?? [];
    return {
      workers: [
        { worker: this.#worker, pid, report: report(), answered: true },
        ...others.map((other) => ({ ...other, answered: false })),
      ],
      ended: this.#last?.ended ?? {},
    };
  }
}
