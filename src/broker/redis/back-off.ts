const minMs = 50;
const maxMs = 400;

/** When to connect again: soon, then later and later, and never all nodes in the same moment. */
export class BackOff {
  #delayMs = minMs;
  #timer: NodeJS.Timeout | undefined;

  retry(run: () => void): void {
    this.#timer = setTimeout(run, this.#delayMs * (0.5 + Math.random() / 2));
    this.#delayMs = Math.min(maxMs, this.#delayMs * 2);
  }

  /** It worked: the next time begins anew. */
  reset(): void {
    this.#delayMs = minMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
