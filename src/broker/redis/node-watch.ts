import type { NodeEntry } from "./node-entry.ts";

/** Nodes that are not there any more and are remembered at most. */
const absentMax = 1000;

/** Beats without a node that was heard of elsewhere, until it is lost: by then it would have come. */
const doubtedBeats = 2;

interface Silence {
  readonly stamp: string;
  readonly beats: number;
}

/**
 * Judges who is lost, in beats of this node: whatever clocks do, and however long this process or Redis stood
 * still, a node has had as many chances to be heard as were counted.
 */
export class NodeWatch {
  readonly #lostAfterBeats: number;
  #silences = new Map<string, Silence>();
  /** Heard of, but not there: beats without it; lost ones have no more to count. */
  readonly #absent = new Map<string, number>();

  constructor(lostAfterBeats: number) {
    this.#lostAfterBeats = lostAfterBeats;
  }

  /** To be called once a beat; answers who has been silent for too long, and when each was last there. */
  listen(others: ReadonlyMap<string, NodeEntry>): [nodeId: string, stamp: string][] {
    const silences = new Map<string, Silence>();
    const tooSilent: [string, string][] = [];
    for (const [nodeId, { stamp }] of others) {
      const before = this.#silences.get(nodeId);
      const beats = before?.stamp === stamp ? before.beats + 1 : 0;
      silences.set(nodeId, { stamp, beats });
      if (beats >= this.#lostAfterBeats) tooSilent.push([nodeId, stamp]);
    }
    this.#silences = silences;
    return tooSilent;
  }

  /** To be called once a beat; answers which of those that were doubted have not come. */
  resolveDoubts(isThere: (nodeId: string) => boolean): string[] {
    const lost: string[] = [];
    for (const [nodeId, beats] of this.#absent) {
      if (isThere(nodeId)) {
        this.#absent.delete(nodeId);
      } else if (beats < doubtedBeats) {
        this.#absent.set(nodeId, beats + 1);
        if (beats + 1 === doubtedBeats) lost.push(nodeId);
      }
    }
    return lost;
  }

  /** A node was heard of that is not there. */
  doubt(nodeId: string): void {
    if (!this.#absent.has(nodeId)) this.#remember(nodeId, 0);
  }

  lose(nodeId: string): void {
    this.#absent.delete(nodeId);
    this.#remember(nodeId, doubtedBeats);
  }

  isAbsent(nodeId: string): boolean {
    return this.#absent.has(nodeId);
  }

  isLost(nodeId: string): boolean {
    return this.#absent.get(nodeId) === doubtedBeats;
  }

  #remember(nodeId: string, beats: number): void {
    this.#absent.set(nodeId, beats);
    if (this.#absent.size <= absentMax) return;
    const [oldest] = this.#absent.keys();
    this.#absent.delete(oldest!);
  }
}
