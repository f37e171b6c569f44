import type { Position } from "../core/position.ts";
import type { Publication } from "../core/publication.ts";
import type { HistoryQuery, KeptPublication } from "./port.ts";

/** How one topic's last publications are kept. */
export interface KeepRule {
  /** Publications; 0: none. */
  readonly count: number;
  /** Whether the newest of its history are read from them where they reach back further than the ring. */
  readonly inHistory: boolean;
}

/**
 * The last publications of a few topics, kept whatever their age. They stand beside the rings, which other
 * topics' publications may empty, and never shorten or lengthen a resume.
 */
export class KeptPublications {
  readonly #kept = new Map<string, { readonly rule: KeepRule; readonly list: KeptPublication[] }>();

  /** `rules` by topic. */
  constructor(rules: Readonly<Record<string, KeepRule>>) {
    for (const [topic, rule] of Object.entries(rules)) {
      if (rule.count > 0) this.#kept.set(topic, { rule, list: [] });
    }
  }

  add(topic: string, epoch: string, publication: Publication): void {
    const kept = this.#kept.get(topic);
    if (kept === undefined) return;
    if (kept.list.length === kept.rule.count) kept.list.shift();
    kept.list.push({ epoch, publication });
  }

  /** Oldest first. */
  of(topic: string): readonly KeptPublication[] {
    return this.#kept.get(topic)?.list ?? [];
  }

  /** Whether any of the topic are kept. */
  has(topic: string): boolean {
    return this.of(topic).length > 0;
  }

  /** The newest ones of a topic that stands at `top`, as a page of its history: the same epoch, without a hole. */
  newest({ topic, limit, bytesMax, reverse }: HistoryQuery, top: Position): Publication[] {
    const publications: Publication[] = [];
    const kept = this.#kept.get(topic);
    if (kept === undefined || !kept.rule.inHistory) return publications;
    let bytes = 0;
    for (let index = kept.list.length - 1; index >= 0 && publications.length < limit; index--) {
      const { epoch, publication } = kept.list[index]!;
      if (epoch !== top.epoch || publication.offset !== top.offset - publications.length) break;
      bytes += publication.bytes;
      if (bytes > bytesMax && publications.length > 0) break;
      publications.push(publication);
    }
    return reverse === true ? publications : publications.reverse();
  }

  /** False: there were none. */
  clear(topic: string): boolean {
    const kept = this.#kept.get(topic);
    if (kept === undefined || kept.list.length === 0) return false;
    kept.list.length = 0;
    return true;
  }
}
