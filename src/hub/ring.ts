import type { Publication } from "../core/publication.ts";

/** What a publication costs beyond its text: the object, its string's header, its place in the ring. */
const entryOverheadBytes = 112;

const initialCapacity = 4;

/** Memory that a publication takes: text beyond ASCII is held with two bytes a character. */
function heldBytes({ bytes, frame }: Publication): number {
  const textBytes = bytes === frame.length ? bytes : Math.max(bytes, 2 * frame.length);
  return textBytes + entryOverheadBytes;
}

/**
 * The last publications of one topic, at consecutive offsets. A circular buffer which grows as needed: most
 * topics are quiet and should cost next to nothing. Bounds are the caller's to enforce with `dropOldest`.
 */
export class Ring {
  #entries: (Publication | undefined)[] = [];
  #start = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes held, with overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Publication | undefined {
    return this.#length === 0 ? undefined : this.#entries[this.#start];
  }

  push(publication: Publication): void {
    if (this.#length === this.#entries.length) this.#grow();
    this.#entries[(this.#start + this.#length) & (this.#entries.length - 1)] = publication;
    this.#length++;
    this.#bytes += heldBytes(publication);
  }

  dropOldest(): void {
    const oldest = this.#entries[this.#start];
    if (oldest === undefined) return;
    this.#entries[this.#start] = undefined;
    this.#start = (this.#start + 1) & (this.#entries.length - 1);
    this.#length--;
    this.#bytes -= heldBytes(oldest);
    if (this.#length === 0) this.clear();
  }

  clear(): void {
    this.#entries = [];
    this.#start = 0;
    this.#length = 0;
    this.#bytes = 0;
  }

  /** The `index`th oldest, from 0. */
  at(index: number): Publication {
    const publication = this.#entries[(this.#start + index) & (this.#entries.length - 1)];
    if (index < 0 || index >= this.#length || publication === undefined) {
      throw new RangeError(`ring index ${index} of ${this.#length}`);
    }
    return publication;
  }

  /** Newest first. */
  *newestFirst(): Generator<Publication> {
    for (let index = this.#length - 1; index >= 0; index--) yield this.at(index);
  }

  /** From the `first`th oldest on. */
  *from(first: number): Generator<Publication> {
    for (let index = first; index < this.#length; index++) yield this.at(index);
  }

  #grow(): void {
    // The capacity stays a power of two, so that wrapping is a mask and not a division.
    const entries = new Array<Publication | undefined>(Math.max(initialCapacity, this.#entries.length * 2));
    entries.fill(undefined);
    for (let index = 0; index < this.#length; index++) entries[index] = this.at(index);
    this.#entries = entries;
    this.#start = 0;
  }
}
