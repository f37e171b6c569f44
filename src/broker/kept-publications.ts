import type { Publication } from "../core/publication.ts";
import type { KeptPublication } from "./port.ts";

/**
 * The last publications of a few topics, kept whatever their age. They stand beside the rings, which other
 * topics' publications may empty, and never shorten or lengthen a resume.
 */
export class KeptPublications {
  readonly #kept = new Map<string, { readonly limit: number; readonly list: KeptPublication[] }>();

  /** `limits`: how many are kept, by topic. */
  constructor(limits: Readonly<Record<string, number>>) {
    for (const [topic, limit] of Object.entries(limits)) {
      if (limit > 0) this.#kept.set(topic, { limit, list: [] });
    }
  }

  add(topic: string, epoch: string, publication: Publication): void {
    const kept = this.#kept.get(topic);
    if (kept === undefined) return;
    if (kept.list.length === kept.limit) kept.list.shift();
    kept.list.push({ epoch, publication });
  }

  /** Oldest first. */
  of(topic: string): readonly KeptPublication[] {
    return this.#kept.get(topic)?.list ?? [];
  }

  clear(topic: string): void {
    const kept = this.#kept.get(topic);
    if (kept !== undefined) kept.list.length = 0;
  }
}
