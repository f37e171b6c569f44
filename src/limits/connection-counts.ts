/** How many connections each client has open. Holds no one who has none. */
export class ConnectionCounts {
  readonly #counts = new Map<string, number>();

  /** Clients that have connections. */
  get clients(): number {
    return this.#counts.size;
  }

  of(client: string): number {
    return this.#counts.get(client) ?? 0;
  }

  opened(client: string): void {
    this.#counts.set(client, this.of(client) + 1);
  }

  closed(client: string): void {
    const left = this.of(client) - 1;
    if (left > 0) this.#counts.set(client, left);
    else this.#counts.delete(client);
  }
}
