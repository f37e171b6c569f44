/** How many messages the reader has not seen, also told by the window's title. */
export class Unread {
  readonly #title = document.title;
  #count = 0;
  #firstId: string | null = null;

  get count(): number {
    return this.#count;
  }

  /** The entry before which the line goes; kept after reading, until something new is unread. */
  get firstId(): string | null {
    return this.#firstId;
  }

  add(id: string): void {
    if (this.#count === 0) this.#firstId = id;
    this.#count += 1;
    this.#showTitle();
  }

  /** Everything has been seen. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#showTitle();
  }

  /** The reader has answered: the line has done its work. */
  forgetLine(): void {
    this.#firstId = null;
  }

  #showTitle(): void {
    document.title = this.#count === 0 ? this.#title : `(${this.#count}) ${this.#title}`;
  }
}
