import type { Scheduler, Timer } from "../core/ports.ts";

/** Items looked at in one turn, so that a sweep never holds up the loop. */
const slice = 2000;

const everyMsMin = 1000;
const everyMsMax = 30_000;

/** Looks at all items again and again, a few at a time: what is too old goes within a quarter of its age. */
export class Sweep<Item> {
  readonly #scheduler: Scheduler;
  readonly #items: () => Iterator<Item>;
  readonly #visit: (item: Item) => void;
  #leastAgeMs = Number.POSITIVE_INFINITY;
  #isUnderWay = false;
  #timer: Timer;

  /** `visit` looks at an item, which it may take away, and notes its age with `note`. */
  constructor(scheduler: Scheduler, items: () => Iterator<Item>, visit: (item: Item) => void) {
    this.#scheduler = scheduler;
    this.#items = items;
    this.#visit = visit;
    this.#timer = this.#schedule();
  }

  /** There is an item that may become so old. */
  note(ageMs: number): void {
    if (ageMs >= this.#leastAgeMs) return;
    this.#leastAgeMs = ageMs;
    if (this.#isUnderWay) return;
    this.#timer.cancel();
    this.#timer = this.#schedule();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #schedule(): Timer {
    const everyMs = Math.min(everyMsMax, Math.max(everyMsMin, this.#leastAgeMs / 4));
    return this.#scheduler.after(everyMs, () => {
      this.#isUnderWay = true;
      this.#leastAgeMs = Number.POSITIVE_INFINITY;
      this.#sweep(this.#items());
    });
  }

  #sweep(items: Iterator<Item>): void {
    for (let count = 0; count < slice; count++) {
      const next = items.next();
      if (next.done === true) {
        this.#isUnderWay = false;
        this.#timer = this.#schedule();
        return;
      }
      this.#visit(next.value);
    }
    this.#timer = this.#scheduler.after(1, () => this.#sweep(items));
  }
}
