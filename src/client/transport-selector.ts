import type { TransportName } from "./types.ts";

/** Attempts that must fail before the next transport is tried, when this one has never worked. */
const ATTEMPTS_UNPROVEN = 2;
/** The same when this one has worked before: the server is more likely away than the way to it blocked. */
const ATTEMPTS_PROVEN = 5;

/**
 * Chooses the transport of each attempt. The first of the order is preferred; the next takes over when it cannot be
 * opened (a proxy that blocks WebSockets, say), and for as long as its connection lasts.
 */
export class TransportSelector {
  readonly #order: readonly TransportName[];
  /** The transports that have opened, and were not found blocked since. */
  readonly #proven = new Set<TransportName>();
  #index = 0;
  #failures = 0;
  /** A fallback's connection has just ended, and the preferred transport is being tried again. */
  #triesAgain = false;

  constructor(order: readonly TransportName[]) {
    this.#order = order;
  }

  /** Undefined when the order is empty. */
  get current(): TransportName | undefined {
    return this.#order[this.#index];
  }

  /** Whether the preferred transport has worked, so that it is worth another try while a fallback is in use. */
  get mayReturn(): boolean {
    const preferred = this.#order[0];
    return this.#index > 0 && preferred !== undefined && this.#proven.has(preferred);
  }

  opened(): void {
    this.#failures = 0;
    this.#triesAgain = false;
    if (this.current !== undefined) this.#proven.add(this.current);
  }

  /** A connection that had opened has ended. */
  ended(): void {
    this.#triesAgain = this.#index > 0;
    this.#index = 0;
  }

  /** An attempt failed before it opened. */
  failed(): void {
    this.#failures += 1;
    if (this.#triesAgain && this.current !== undefined) this.#proven.delete(this.current);
    if (this.#index > 0 || this.#failures >= this.#attemptsAllowed()) this.#next();
  }

  /** The platform refuses the transport outright. False: there is no other. */
  blocked(): boolean {
    this.#next();
    return this.#order.length > 1;
  }

  #attemptsAllowed(): number {
    if (this.#triesAgain) return 1;
    return this.current !== undefined && this.#proven.has(this.current) ? ATTEMPTS_PROVEN : ATTEMPTS_UNPROVEN;
  }

  #next(): void {
    this.#failures = 0;
    this.#triesAgain = false;
    this.#index = this.#order.length === 0 ? 0 : (this.#index + 1) % this.#order.length;
  }
}
