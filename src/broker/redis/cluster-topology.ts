import { clientOptions } from "./client-options.ts";
import { slotCount } from "./cluster-slot.ts";
import { type ClientOptions, createOnce, destroyClient } from "./redis-client.ts";
import type { RedisOptions } from "./redis-options.ts";

/** Which node of a Redis Cluster has which slots. */
export interface Topology {
  /** Address (`host:port`) of the master of each slot; undefined: it has none. */
  readonly masterOf: readonly (string | undefined)[];
  /** Addresses of all masters that have slots. */
  readonly masters: ReadonlySet<string>;
  /** Addresses of all nodes, of replicas too: each may be asked later. */
  readonly nodes: ReadonlySet<string>;
}

export const noTopology: Topology = { masterOf: [], masters: new Set(), nodes: new Set() };

const answerDeadlineMs = 800;
const refreshEveryMs = 5000;
const retryEveryMs = 250;

/**
 * Keeps an eye on which node has which slots: now and then, at once when a node says that a slot has moved, and
 * again and again while a node is out of reach.
 */
export class TopologyWatch {
  readonly #options: RedisOptions;
  readonly #changed: (topology: Topology) => void;
  readonly #isWhole: () => boolean;
  #topology: Topology = noTopology;
  #refreshing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * `changed` is called when the first one is known, and whenever slots have moved. While not `isWhole` it asks
   * more often.
   */
  constructor(options: RedisOptions, changed: (topology: Topology) => void, isWhole: () => boolean) {
    this.#options = options;
    this.#changed = changed;
    this.#isWhole = isWhole;
    void this.refresh();
  }

  /** Asks again; calls while it asks wait for the same answer. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** A node is out of reach, or not what it was: the others will know before long. */
  suspect(): void {
    if (!this.#closed) this.#schedule(retryEveryMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const known = [...this.#topology.nodes].map((address) => `redis://${address}`);
    const addresses = [...new Set([...known, ...this.#options.clusterNodes])];
    for (const address of addresses) {
      const found = await askForSlots(clientOptions(this.#options, address)).catch(() => null);
      if (this.#closed) return;
      if (found === null) continue;
      const isNew = !isSame(found, this.#topology);
      this.#topology = found;
      if (isNew) this.#changed(found);
      this.#schedule(this.#isWhole() ? refreshEveryMs : retryEveryMs);
      return;
    }
    this.#schedule(retryEveryMs);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.refresh(), delayMs);
    this.#timer.unref();
  }
}

type SlotRange = [first: number, last: number, ...nodes: [host: string, port: number, ...rest: unknown[]][]];

async function askForSlots(options: ClientOptions): Promise<Topology> {
  const client = createOnce(options, answerDeadlineMs);
  client.on("error", () => {});
  const deadline = setTimeout(() => destroyClient(client), answerDeadlineMs);
  try {
    await client.connect();
    const ranges = (await client.sendCommand(["CLUSTER", "SLOTS"])) as unknown as SlotRange[];
    const state = String(await client.sendCommand(["CLUSTER", "INFO"]));
    // A node that has lost the majority knows only what was.
    if (!state.includes("cluster_state:ok") && ranges.length === 0)
      throw new Error("it belongs to no cluster");
    return readSlots(ranges, options.socket as { host?: string });
  } finally {
    clearTimeout(deadline);
    destroyClient(client);
  }
}

function readSlots(ranges: readonly SlotRange[], asked: { host?: string }): Topology {
  const masterOf = new Array<string | undefined>(slotCount);
  const masters = new Set<string>();
  const nodes = new Set<string>();
  for (const [first, last, ...hosts] of ranges) {
    const addresses = hosts.map(([host, port]) => `${host === "" ? asked.host : host}:${port}`);
    for (const address of addresses) nodes.add(address);
    if (addresses[0] !== undefined) masters.add(addresses[0]);
    for (let slot = first; slot <= last; slot++) masterOf[slot] = addresses[0];
  }
  return { masterOf, masters, nodes };
}

function isSame(one: Topology, other: Topology): boolean {
  for (let slot = 0; slot < slotCount; slot++) {
    if (one.masterOf[slot] !== other.masterOf[slot]) return false;
  }
  return one.nodes.size === other.nodes.size && [...one.nodes].every((node) => other.nodes.has(node));
}
