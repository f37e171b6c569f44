import Type from "typebox";
import { noticeKind } from "./message-kinds.ts";
import type { NodeBus } from "./node-bus.ts";
import { type NodeFacts, readNodeFacts } from "./node-facts.ts";
import type { BusConnection, NodeDirectory } from "./ports.ts";

const joined = noticeKind("node.joined", Type.Object({}));

/** The nodes of the cluster, by what they say of themselves. */
export class KnownNodes {
  readonly #bus: NodeBus;
  readonly #directory: NodeDirectory;
  readonly #ownFacts: () => NodeFacts;

  constructor(
    bus: NodeBus,
    ports: { readonly directory: NodeDirectory; readonly connection: BusConnection },
    ownFacts: () => NodeFacts,
  ) {
    const { directory, connection } = ports;
    this.#bus = bus;
    this.#directory = directory;
    this.#ownFacts = ownFacts;
    bus.onNotice(joined, () => void directory.beatNow());
    connection.onUp(() => void this.#introduce());
  }

  /** This node as it is now, then the others as they last said. */
  facts(): NodeFacts[] {
    const others = this.#directory.live().flatMap(({ id, facts }) => {
      const read = id === this.#bus.nodeId ? null : readNodeFacts(facts);
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

  /** Has the others look at the directory now, rather than when they next would. */
  async #introduce(): Promise<void> {
    await this.#directory.beatNow();
    await this.#bus.broadcast(joined, {});
  }
}
