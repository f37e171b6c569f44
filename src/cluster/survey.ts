import type { Scheduler, Timer } from "../core/ports.ts";

/** How long an answer is waited for. */
const deadlineMs = 1000;

/**
 * How long is waited, once every known node has answered, for those who got the question too: a node that has just
 * started, or a connection that nobody holds any more.
 */
const strangersMs = 100;

/** What all nodes answered. */
export interface Answers<Answer> {
  /** By node id; without this node's own. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Ids of live nodes that did not answer in time, or did not get the question: they may have gone down. */
  readonly unanswered: readonly string[];
  /** Whether all who got the question answered. */
  readonly isComplete: boolean;
}

/** One question that waits for the answers of all who got it. */
export class Survey<Answer> {
  readonly #answers = new Map<string, Answer>();
  /** Who needs no longer be waited for. */
  readonly #heard = new Set<string>();
  readonly #scheduler: Scheduler;
  readonly #liveNodes: () => readonly string[];
  readonly #finished: (answers: Answers<Answer>) => void;
  #timer: Timer;
  /** How many got it; null: that is not known yet. */
  #receivers: number | null = null;
  #waitsForStrangers = false;
  #isOver = false;

  /** `finished` is called once. */
  constructor(
    scheduler: Scheduler,
    liveNodes: () => readonly string[],
    finished: (answers: Answers<Answer>) => void,
  ) {
    this.#scheduler = scheduler;
    this.#liveNodes = liveNodes;
    this.#finished = finished;
    this.#timer = scheduler.after(deadlineMs, () => this.#finish());
  }

  /** It went to so many, this node included where it reads what goes to all. */
  sentTo(receivers: number): void {
    this.#receivers = receivers;
    this.#settle();
  }

  /** Its own question came back to this node, or another node has no answer. */
  heard(node: string): void {
    if (this.#isOver) return;
    this.#heard.add(node);
    this.#settle();
  }

  answered(node: string, answer: Answer): void {
    if (this.#isOver) return;
    this.#answers.set(node, answer);
    this.heard(node);
  }

  /** Nobody waits for it any more: `finished` is not called. */
  cancel(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #settle(): void {
    if (this.#isOver || this.#receivers === null) return;
    if (this.#heard.size >= this.#receivers) {
      this.#finish();
    } else if (!this.#waitsForStrangers && this.#silentNodes().length === 0) {
      this.#waitsForStrangers = true;
      this.#timer.cancel();
      this.#timer = this.#scheduler.after(strangersMs, () => this.#finish());
    }
  }

  #silentNodes(): string[] {
    return this.#liveNodes().filter((node) => !this.#heard.has(node));
  }

  #finish(): void {
    this.cancel();
    this.#finished({
      answers: this.#answers,
      unanswered: this.#silentNodes(),
      isComplete: this.#receivers !== null && this.#heard.size >= this.#receivers,
    });
  }
}
