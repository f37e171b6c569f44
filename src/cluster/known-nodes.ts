import { type NodeFacts, readNodeFacts } from "./node-facts.ts";
import type { NodeDirectory } from "./ports.ts";

/** The nodes of the cluster, by what they say of themselves. */
export class KnownNodes {
  readonly #nodeId: string;
  readonly #directory: NodeDirectory;
  readonly #ownFacts: () => NodeFacts;

  constructor(nodeId: string, directory: NodeDirectory, ownFacts: () => NodeFacts) {
    this.#nodeId = nodeId;
    this.#directory = directory;
    this.#ownFacts = ownFacts;
  }

  /** This node as it is now, then the others as they last said. */
  facts(): NodeFacts[] {
    const others = this.#directory.live().flatMap(({ id, facts }) => {
      const read = id === this.#nodeId ? null : readNodeFacts(facts);
      return read === null ? [] : [read];
    });
    return [this.#ownFacts(), ...others];
  }

  /** What a node last said; null when it is not known. */
  factsOf(nodeId: string): NodeFacts | null {
    const entry = this.#directory.live().find(({ id }) => id === nodeId);
    return entry === undefined ? null : readNodeFacts(entry.facts);
  }

  /** The names of nodes by their ids. */
  namesOf(nodeIds: readonly string[]): string[] {
    return nodeIds.map((nodeId) => this.factsOf(nodeId)?.node ?? nodeId);
  }
}
