import type { Failure } from "../errors.ts";

export type EntryKind = "message" | "notification" | "alert" | "system" | "break";

/** Where a publication stands in its topic. */
export interface Place {
  readonly topic: string;
  readonly epoch: string;
  readonly offset: number;
}

/** `pending` and `failed` are for messages of one's own alone. */
export type Delivery = "pending" | "sent" | "failed";

/** One thing that the chat shows. */
export interface Entry {
  /** Stays the same from pending to sent. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly ts: number;
  readonly text: string;
  readonly data?: unknown;
  readonly sender: string;
  readonly severity?: string;
  readonly own: boolean;
  readonly delivery: Delivery;
  readonly failure?: Failure;
  readonly key?: string;
  /** Null for what the page says itself, and for publications without a position. */
  readonly place: Place | null;
}

/** What a publication says about an entry of one's own that waits for it. */
export type Confirmation = Pick<Entry, "place"> & Partial<Pick<Entry, "ts" | "sender" | "text" | "data">>;

/**
 * The chat's entries in the order of their positions, and after them the messages of one's own that the
 * server has not placed yet. Bounded: the oldest go first.
 */
export class Timeline {
  readonly #limit: number;
  readonly #placed: Entry[] = [];
  #waiting: Entry[] = [];
  readonly #ids = new Set<string>();

  constructor(limit = 500) {
    this.#limit = limit;
  }

  /** Oldest first, those that wait last. */
  get entries(): readonly Entry[] {
    return [...this.#placed, ...this.#waiting];
  }

  /** When the newest of those that have their place came about; null when there is none. */
  get newestTs(): number | null {
    return this.#placed.at(-1)?.ts ?? null;
  }

  /** Adds a live entry at the end. False when it is there already: then only its time becomes the server's. */
  append(entry: Entry): boolean {
    if (this.#has(entry)) {
      const index = this.#placed.findLastIndex((placed) => identity(placed) === identity(entry));
      this.#placed[index] = { ...this.#placed[index]!, ts: entry.ts };
      return false;
    }
    this.#insert(this.#placed.length, entry);
    return true;
  }

  /** Adds entries of the history where they belong, skipping those that are there. Ascending by topic. */
  merge(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#has(entry)) this.#insert(this.#indexFor(entry), entry);
    }
  }

  /** Shows a message of one's own before the server has it. */
  send(entry: Entry): void {
    this.#waiting.push(entry);
  }

  waiting(id: string): Entry | undefined {
    return this.#waiting.find((entry) => entry.id === id);
  }

  /** The own entry that was sent with this key and waits for the server. */
  waitingWithKey(key: string): Entry | undefined {
    return this.#waiting.find((entry) => entry.key === key);
  }

  /** The server placed it: it leaves the waiting ones and takes its place. */
  confirm(id: string, confirmation: Confirmation): void {
    const waiting = this.waiting(id);
    if (waiting === undefined) return;
    this.remove(id);
    const { failure: _, ...rest } = waiting;
    const entry: Entry = { ...rest, ...confirmation, delivery: "sent" };
    if (!this.#has(entry)) this.#insert(this.#indexFor(entry), entry);
  }

  fail(id: string, failure: Failure): void {
    this.#replaceWaiting(id, (entry) => ({ ...entry, delivery: "failed", failure }));
  }

  /** A failed one is being sent again. */
  retry(id: string): void {
    this.#replaceWaiting(id, ({ failure: _, ...entry }) => ({ ...entry, delivery: "pending" }));
  }

  remove(id: string): void {
    this.#waiting = this.#waiting.filter((entry) => entry.id !== id);
    const index = this.#placed.findIndex((entry) => entry.id === id);
    const [removed] = index < 0 ? [] : this.#placed.splice(index, 1);
    if (removed !== undefined) this.#ids.delete(identity(removed));
  }

  #replaceWaiting(id: string, change: (entry: Entry) => Entry): void {
    this.#waiting = this.#waiting.map((entry) => (entry.id === id ? change(entry) : entry));
  }

  #has(entry: Entry): boolean {
    return this.#ids.has(identity(entry));
  }

  #insert(index: number, entry: Entry): void {
    this.#placed.splice(index, 0, entry);
    this.#ids.add(identity(entry));
    while (this.#placed.length > this.#limit) {
      const oldest = this.#placed.shift();
      if (oldest !== undefined) this.#ids.delete(identity(oldest));
    }
  }

  /** Offsets decide within a topic and epoch; between topics, where there is no order, time does. */
  #indexFor(entry: Entry): number {
    let index = this.#placed.length;
    while (index > 0 && comesBefore(entry, this.#placed[index - 1]!)) index -= 1;
    return index;
  }
}

function comesBefore(entry: Entry, other: Entry): boolean {
  const { place } = entry;
  if (place !== null && other.place?.topic === place.topic && other.place.epoch === place.epoch) {
    return place.offset < other.place.offset;
  }
  return entry.ts < other.ts;
}

function identity(entry: Entry): string {
  const { place } = entry;
  return place === null ? entry.id : `${place.topic} ${place.epoch} ${place.offset}`;
}
