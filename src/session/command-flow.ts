import { CommandLanes, type LaneEvents, type Run } from "./command-lanes.ts";
import { Congestion } from "./congestion.ts";
import type { SessionLimits } from "./context.ts";
import type { Link } from "./link.ts";

/** Share of the backpressure limit beyond which a client must first take what it has been sent. */
const congestedShare = 1 / 4;

/**
 * When a session's commands run: on each topic in their order, no faster than the client takes what it is sent, and
 * not before it is welcomed. A client that is ahead of itself is not read from until it has caught up.
 */
export class CommandFlow implements LaneEvents {
  readonly #link: Link;
  readonly #limits: SessionLimits;
  readonly #fail: () => void;
  /** What waits until the client has been welcomed, or has taken what it was sent; null: nothing. */
  #congestion: Congestion | null = null;
  /** Commands that wait for the broker; null: none ever did. */
  #lanes: CommandLanes | null = null;
  #isOpening = false;
  #isReading = true;
  #isClosed = false;

  /** `fail` tells the client that a command broke off. */
  constructor(link: Link, limits: SessionLimits, fail: () => void) {
    this.#link = link;
    this.#limits = limits;
    this.#fail = fail;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The client has yet to be welcomed. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  /** Nothing waits, and nothing has to. */
  get isFree(): boolean {
    return this.#congestion === null && !this.#isOpening && !this.#isCongested;
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
    congestion.run(() => !this.#isClosed && !this.#isOpening && !this.#isCongested);
    if (congestion.isOver) this.#congestion = null;
    this.#updateReading();
  }

  /** Runs a command that has its topic to itself: at once, or after those of that topic which are under way. */
  inOrder(topic: string, run: Run): void {
    if (this.#lanes?.holdsUp(topic, "alone") === true) {
      this.#lanes.queue(topic, "alone", run);
    } else {
      const underWay = run();
      if (!(underWay instanceof Promise)) return;
      this.#lanes ??= new CommandLanes(this);
      this.#lanes.begun(topic, "alone", underWay);
    }
    this.#updateReading();
  }

  /** Whether a shared command would have to wait for one that has its topic to itself. */
  holdsUpShared(topic: string): boolean {
    return this.#lanes?.holdsUp(topic, "shared") === true;
  }

  /** Adds a shared command, which is held up. */
  queueShared(topic: string, run: Run): void {
    this.#lanes?.queue(topic, "shared", run);
    this.#updateReading();
  }

  /** Takes note of a shared command, which was not held up. */
  begunShared(topic: string, underWay: Promise<void>): void {
    this.#lanes ??= new CommandLanes(this);
    this.#lanes.begun(topic, "shared", underWay);
    this.#updateReading();
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
    this.#fail();
  }

  get #isCongested(): boolean {
    return this.#link.bufferedBytes() > this.#limits.backpressureLimitBytes * congestedShare;
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
