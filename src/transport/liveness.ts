/** What the wheel asks of a connection. */
export interface Living {
  /** Sends a PING and forgets what was heard before it. */
  ping(): void;
  /** Whether anything came from the peer since the last PING. */
  isAlive(): boolean;
  /** No sign of life in time: ends it. */
  expire(): void;
  /** Which bucket of the wheel it is in; kept by the wheel. */
  bucket: number;
}

/**
 * Finds peers that are gone without having said so. Connections are spread over the ping interval in buckets,
 * so that pinging a hundred thousand is never one long turn of the event loop. A bucket pinged now is looked
 * at again one timeout later.
 */
export class LivenessWheel<Connection extends Living> {
  readonly #buckets: Set<Connection>[];
  readonly #timeoutTicks: number;
  #next = 0;
  #position = 0;

  /** One turn of `tick` is `tickMs`; intervals are rounded up to it. */
  constructor(intervalMs: number, timeoutMs: number, tickMs: number) {
    this.#timeoutTicks = Math.max(1, Math.ceil(timeoutMs / tickMs));
    const interval = Math.max(this.#timeoutTicks + 1, Math.ceil(intervalMs / tickMs));
    this.#buckets = Array.from({ length: interval }, () => new Set());
  }

  get size(): number {
    let size = 0;
    for (const bucket of this.#buckets) size += bucket.size;
    return size;
  }

  add(connection: Connection): void {
    // First pinged after half an interval at least: it has just been heard of. Within the other half in turn,
    // so that those who come all at once are not pinged all at once.
    const { length } = this.#buckets;
    this.#next = (this.#next + 1) % Math.ceil(length / 2);
    connection.bucket = (this.#position + length - 1 - this.#next) % length;
    this.#buckets[connection.bucket]!.add(connection);
  }

  remove(connection: Connection): void {
    this.#buckets[connection.bucket]?.delete(connection);
  }

  /** Every connection, for what concerns them all. */
  *all(): Generator<Connection> {
    for (const bucket of this.#buckets) yield* bucket;
  }

  /** Pings one bucket, and ends those of an earlier one that stayed silent. */
  tick(): void {
    const buckets = this.#buckets;
    const due = (this.#position - this.#timeoutTicks + buckets.length) % buckets.length;
    for (const connection of [...buckets[due]!]) {
      if (!connection.isAlive()) connection.expire();
    }
    for (const connection of buckets[this.#position]!) connection.ping();
    this.#position = (this.#position + 1) % buckets.length;
  }
}

/** How often the wheel turns. */
export function wheelTickMs(intervalMs: number, timeoutMs: number): number {
  return Math.max(10, Math.min(1000, intervalMs / 4, timeoutMs / 4));
}
