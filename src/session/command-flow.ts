import { Failure } from "../core/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { CommandLanes, type LaneEvents, type Run, type Sharing } from "./command-lanes.ts";
import { Congestion } from "./congestion.ts";
import type { SessionLimits } from "./context.ts";
import { LateAnswers } from "./late-answers.ts";
import type { Link } from "./link.ts";

/** Share of the backpressure limit beyond which a client must first take what it has been sent. */
const congestedShare = 1 / 4;

/** What a command that breaks off is answered through. */
interface Answering {
  fail(id: undefined, failure: Failure): void;
}

/** The client has yet to take much of what it was sent. */
export function isCongested(link: Link, limits: SessionLimits): boolean {
  return link.bufferedBytes() > limits.backpressureLimitBytes * congestedShare;
}

const brokeOff = new Failure("internal", "A command broke off on the server: its outcome is unknown.");

/**
 * When a session's commands run: on each topic in their order, no faster than the client takes what it is sent, and
 * not before it is welcomed. A client that is ahead of itself is not read from until it has caught up.
 */
export class CommandFlow implements LaneEvents {
  readonly #link: Link;
  readonly #limits: SessionLimits;
  readonly #client: Answering;
  /** What waits until the client has been welcomed, or has taken what it was sent; null: nothing. */
  #congestion: Congestion | null = null;
  /** Commands that wait for the broker; null: none ever did. */
  #lanes: CommandLanes | null = null;
  /** Null: nothing was asked for yet. */
  #lateAnswers: LateAnswers | null = null;
  #isOpening = false;
  #isReading = true;
  #isClosed = false;

  constructor(link: Link, limits: SessionLimits, client: Answering) {
    this.#link = link;
    this.#limits = limits;
    this.#client = client;
  }

  /** The client has yet to be welcomed. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  /** Nothing waits, and nothing has to. */
  get isFree(): boolean {
    return this.#congestion === null && !this.#isOpening && !isCongested(this.#link, this.#limits);
  }

  /** Something waits for the client to take what it was sent. */
  get isWaiting(): boolean {
    return this.#congestion !== null;
  }

  /** Holds back everything until `opened`. */
  beginOpening(): void {
    this.#isOpening = true;
  }

  opened(): void {
    this.#isOpening = false;
    this.drained();
  }

  /** Runs once the client has taken what it was sent; in order. Never, when it is gone before. */
  whenTaken(run: () => void): void {
    if (this.#isClosed) return;
    this.#congestion ??= new Congestion();
    this.#congestion.add(run);
    this.drained();
  }

  /** The client took some of what it had been sent. */
  drained(): void {
    const congestion = this.#congestion;
    if (congestion === null) return;
    congestion.run(() => !this.#isClosed && !this.#isOpening && !isCongested(this.#link, this.#limits));
    if (congestion.isOver) this.#congestion = null;
    this.#updateReading();
  }

  /** Whether a command of the topic has to wait for others. */
  isHeldUp(topic: string, sharing: Sharing): boolean {
    return this.#lanes?.holdsUp(topic, sharing) === true;
  }

  /** Adds a command that is held up. */
  queue(topic: string, sharing: Sharing, run: Run): void {
    this.#lanes?.queue(topic, sharing, run);
    this.#updateReading();
  }

  /** Takes note of a command that was not held up, and is under way. */
  begun(topic: string, sharing: Sharing, underWay: Promise<void>): void {
    this.#lanes ??= new CommandLanes(this);
    this.#lanes.begun(topic, sharing, underWay);
    this.#updateReading();
  }

  /** Asks the broker for what may be large; the client is answered when it has taken what it was sent before. */
  ask<Answer>(question: () => MaybePromise<Answer>, answer: (settled: Answer) => void): MaybePromise<void> {
    this.#lateAnswers ??= new LateAnswers((run) => this.whenTaken(run));
    return this.#lateAnswers.ask(question, answer);
  }

  close(): void {
    this.#isClosed = true;
    this.#congestion = null;
    this.#lanes?.clear();
  }

  changed(): void {
    this.#updateReading();
  }

  broke(): void {
    this.#client.fail(undefined, brokeOff);
  }

  #updateReading(): void {
    if (this.#isClosed) return;
    const isBusy = this.#lanes !== null && this.#lanes.pending >= this.#limits.commandsInFlightMax;
    const isReading = this.#congestion === null && !isBusy;
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#link.resume();
    else this.#link.pause();
  }
}
