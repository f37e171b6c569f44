const otherLabel = "other";

/** One number for each label. */
export type Counts<Label extends string> = Record<Label, number>;

/**
 * A counter for each of a few known labels; whatever else is counted falls under `other`, so that no client
 * can make the metrics grow.
 */
export class LabelledCounter<Label extends string> {
  readonly #indexOf = new Map<string, number>();
  readonly #values: number[];

  constructor(labels: readonly Label[]) {
    for (const label of [...labels, otherLabel]) this.#indexOf.set(label, this.#indexOf.size);
    this.#values = new Array(this.#indexOf.size).fill(0);
  }

  add(label: string): void {
    const index = this.#indexOf.get(label) ?? this.#values.length - 1;
    this.#values[index]! += 1;
  }

  /** Every label with its count, zeros too: a rate can only be taken of a series that was there before. */
  read(): Counts<Label | "other"> {
    const entries = [...this.#indexOf].map(([label, index]) => [label, this.#values[index]!]);
    return Object.fromEntries(entries) as Counts<Label | "other">;
  }
}

export function sumCounts(counts: Counts<string>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
