import type { Clock, Scheduler, Timer } from "../core/ports.ts";

/** Something that ends at a time, such as a connection whose token expires. */
export interface Expiring {
  /** Unix milliseconds; Infinity: never. To be given another time it is removed and added again. */
  readonly expiresAtMs: number;
  /** The wheel's own note of where it put it. */
  expiryBucket: number;
  /** May be called when it has ended already. */
  expire(): void;
}

const bucketMs = 1000;

/** Ended in one turn of the event loop at most: thousands may have come with tokens of one moment. */
const batch = 200;

/**
 * Ends things at their time, to the second, with one timer for all of them: they are kept by the second in which they
 * end, and a second's tick looks at no others.
 */
export class ExpiryWheel<Item extends Expiring> {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #buckets = new Map<number, Set<Item>>();
  /** The last second that was looked at. */
  #reached = 0;
  #timer: Timer | null = null;
  readonly #due: Item[] = [];

  constructor(ports: { readonly clock: Clock; readonly scheduler: Scheduler }) {
    this.#clock = ports.clock;
    this.#scheduler = ports.scheduler;
  }

  add(item: Item): void {
    if (this.#timer === null) this.#reached = Math.floor(this.#clock.now() / bucketMs);
    item.expiryBucket = Math.max(Math.ceil(item.expiresAtMs / bucketMs), this.#reached + 1);
    const bucket = this.#buckets.get(item.expiryBucket);
    if (bucket === undefined) this.#buckets.set(item.expiryBucket, new Set([item]));
    else bucket.add(item);
    this.#timer ??= this.#scheduleTick();
  }

  /** Does nothing where it is not in the wheel. */
  remove(item: Item): void {
    const bucket = this.#buckets.get(item.expiryBucket);
    if (bucket?.delete(item) === true && bucket.size === 0) this.#buckets.delete(item.expiryBucket);
  }

  *all(): Generator<Item> {
    for (const bucket of this.#buckets.values()) yield* bucket;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#buckets.clear();
  }

  #scheduleTick(): Timer {
    const untilNextSecond = bucketMs - (this.#clock.now() % bucketMs);
    return this.#scheduler.after(untilNextSecond, () => {
      this.#timer = null;
      this.#tick();
      if (this.#buckets.size > 0) this.#timer = this.#scheduleTick();
    });
  }

  #tick(): void {
    const now = Math.floor(this.#clock.now() / bucketMs);
    const seconds = now - this.#reached;
    // A machine that slept wakes up to many seconds at once.
    if (seconds > this.#buckets.size) {
      for (const second of [...this.#buckets.keys()]) if (second <= now) this.#take(second);
    } else {
      for (let second = this.#reached + 1; second <= now; second++) this.#take(second);
    }
    this.#reached = Math.max(this.#reached, now);
    this.#expireSome();
  }

  #take(second: number): void {
    const bucket = this.#buckets.get(second);
    if (bucket === undefined) return;
    this.#buckets.delete(second);
    for (const item of bucket) this.#due.push(item);
  }

  #expireSome(): void {
    const now = this.#clock.now();
    for (const item of this.#due.splice(0, batch)) {
      // It may have been given more time while it waited for its turn, and be in the wheel again.
      if (item.expiresAtMs <= now) item.expire();
    }
    if (this.#due.length > 0) this.#scheduler.nextTick(() => this.#expireSome());
  }
}
