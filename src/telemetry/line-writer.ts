/** Where lines end up. */
export interface LineDestination {
  /** Resolves, also after a failure, when `write` reaches the operating system at once; absent: always so. */
  readonly opened?: Promise<void>;
  /** Resolves when the operating system has all of the text; rejects when it does not take it. */
  write(text: string): Promise<void>;
  /** For the moment of exit, when nothing asynchronous runs any more. May throw. */
  writeSync(text: string): void;
  close(): Promise<void>;
}

export interface LineWriterOptions {
  destination: LineDestination;
  /** Characters handed over in one write. Default 65536. */
  batchCharacters?: number;
  /** Characters that wait while the destination is slow; what comes on top is lost. Default 16 Mi. */
  queueCharactersMax?: number;
  /** Pause before a failed destination is tried again. Default 30 s. */
  retryMs?: number;
  /** How long `flush` and `close` wait for a destination that does not take its text. Default 5 s. */
  flushTimeoutMs?: number;
  /** Failures after which the destination is never tried again. */
  isFinal?: (error: Error) => boolean;
  /** Once for each outage. */
  onFailure: (error: Error) => void;
  /** Lines could be written again, or the queue has emptied, after that many were lost. */
  onLoss: (lostLines: number) => void;
}

/** How long a write may be under way at exit before its reader counts as stuck. */
const stuckMs = 1000;
/** What a write that has just been handed over needs to reach the operating system. */
const handOverMs = 20;

/**
 * A bounded queue of lines before a destination: one write at a time, each taking what has gathered meanwhile,
 * so that neither a slow disk nor a reader that has stopped reading holds up the event loop. A failure loses
 * lines and is reported, but never throws.
 */
export class LineWriter {
  readonly #destination: LineDestination;
  readonly #options: Required<Omit<LineWriterOptions, "destination">>;
  #state: "open" | "failed" | "closed" = "open";
  #queue: string[] = [];
  #queuedCharacters = 0;
  #lostLines = 0;
  #retryAt = 0;
  #writing: Promise<void> | null = null;
  #handedOverAt: number | null = null;

  constructor({ destination, ...options }: LineWriterOptions) {
    this.#destination = destination;
    this.#options = {
      batchCharacters: 64 * 1024,
      queueCharactersMax: 16 * 1024 * 1024,
      retryMs: 30_000,
      flushTimeoutMs: 5000,
      isFinal: () => false,
      ...options,
    };
  }

  /** @param line one line with its line end */
  write(line: string): void {
    if (this.#state === "closed") return;
    const isDown = this.#state === "failed" && performance.now() < this.#retryAt;
    if (isDown || this.#queuedCharacters + line.length > this.#options.queueCharactersMax) {
      this.#lostLines++;
      return;
    }
    this.#queue.push(line);
    this.#queuedCharacters += line.length;
    this.#writing ??= this.#writeQueue();
  }

  /** Resolves when everything has been written or lost, at the latest after `flushTimeoutMs`. */
  async flush(): Promise<void> {
    if (this.#writing === null) return;
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.flushTimeoutMs);
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    await this.flush();
    // A write that is stuck would keep the destination from closing, and with it the process from ending.
    if (this.#writing === null) await this.#destination.close();
  }

  /** For the process' `exit` event: what waits is written at once, unless the reader is stuck. */
  writeRemainderSync(): void {
    if (this.#state === "failed") return;
    if (this.#handedOverAt !== null) {
      if (performance.now() - this.#handedOverAt > stuckMs) return;
      Bun.sleepSync(handOverMs);
    }
    try {
      if (this.#queue.length > 0) this.#destination.writeSync(this.#queue.join(""));
    } catch {
      // The process ends: there is nobody left to tell.
    }
    this.#queue = [];
  }

  async #writeQueue(): Promise<void> {
    // Lines of one turn travel together, and those of a turn that ends the process are still in the queue.
    await null;
    // Nor may lines be handed over that would wait there, where an exit loses them.
    if (this.#destination.opened) await this.#destination.opened;
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      this.#handedOverAt = performance.now();
      try {
        await this.#destination.write(batch.join(""));
        this.#succeed();
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)), batch.length);
      }
      this.#handedOverAt = null;
    }
    this.#writing = null;
  }

  #takeBatch(): string[] {
    let characters = 0;
    let count = 0;
    while (count < this.#queue.length) {
      characters += this.#queue[count]!.length;
      if (count > 0 && characters > this.#options.batchCharacters) {
        characters -= this.#queue[count]!.length;
        break;
      }
      count++;
    }
    this.#queuedCharacters -= characters;
    return this.#queue.splice(0, count);
  }

  #succeed(): void {
    if (this.#state === "failed") this.#state = "open";
    if (this.#lostLines === 0 || this.#queue.length > 0) return;
    const lostLines = this.#lostLines;
    this.#lostLines = 0;
    this.#options.onLoss(lostLines);
  }

  #fail(error: Error, batchLines: number): void {
    this.#lostLines += batchLines + this.#queue.length;
    this.#queue = [];
    this.#queuedCharacters = 0;
    this.#retryAt = this.#options.isFinal(error)
      ? Number.POSITIVE_INFINITY
      : performance.now() + this.#options.retryMs;
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#options.onFailure(error);
  }
}
