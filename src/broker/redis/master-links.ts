interface Link {
  readonly isUp: boolean;
  close(): void;
}

/** A link to each master of a Redis Cluster, by its address. */
export class MasterLinks<Kind extends Link> {
  readonly #links = new Map<string, Kind>();
  readonly #connect: (address: string) => Kind;

  constructor(connect: (address: string) => Kind) {
    this.#connect = connect;
  }

  /** There are some, and all of them are up. */
  get isUp(): boolean {
    return this.#links.size > 0 && this.all().every(({ isUp }) => isUp);
  }

  all(): Kind[] {
    return [...this.#links.values()];
  }

  at(address: string): Kind | undefined {
    return this.#links.get(address);
  }

  /** Leaves those that are masters no longer, and connects to the new ones. */
  adopt(masters: ReadonlySet<string>): void {
    for (const [address, link] of this.#links) {
      if (masters.has(address)) continue;
      this.#links.delete(address);
      link.close();
    }
    for (const address of masters) {
      if (!this.#links.has(address)) this.#links.set(address, this.#connect(address));
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
  }
}
