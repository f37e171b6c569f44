import { clientOptions } from "./client-options.ts";
import { slotOf } from "./cluster-slot.ts";
import { noTopology, type Topology, TopologyWatch } from "./cluster-topology.ts";
import { MasterLinks } from "./master-links.ts";
import type { RedisConnection, Script } from "./ports.ts";
import { RedisUnavailable } from "./ports.ts";
import { RedisLink } from "./redis-link.ts";
import type { RedisOptions } from "./redis-options.ts";
import { scanLink } from "./scan-link.ts";
import type { ConnectionEvents } from "./standalone.ts";

/** Answers of a node that is not, or no longer, the one for the key: nothing was carried out. */
const elsewhere = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/;

/** The nodes of a Redis Cluster: one connection for commands to each master. */
export class ClusterConnection implements RedisConnection {
  readonly isCluster = true;
  readonly #options: RedisOptions;
  readonly #scripts: readonly Script[];
  readonly #events: ConnectionEvents;
  readonly #watch: TopologyWatch;
  readonly #links = new MasterLinks((address) => this.#connect(address));
  readonly #onUp: (() => void)[] = [];
  readonly #onTopology: ((topology: Topology) => void)[] = [];
  #topology: Topology = noTopology;

  constructor(options: RedisOptions, scripts: readonly Script[], events: ConnectionEvents) {
    this.#options = options;
    this.#scripts = scripts;
    this.#events = events;
    this.#watch = new TopologyWatch(
      options,
      (topology) => this.#adopt(topology),
      () => this.isUp,
    );
  }

  /** All masters of the cluster are. */
  get isUp(): boolean {
    return this.#links.isUp;
  }

  get topology(): Topology {
    return this.#topology;
  }

  reaches(key: string): boolean {
    return this.#linkOf(key)?.isUp === true;
  }

  now(): number {
    for (const link of this.#links.all()) {
      if (link.isUp) return Math.round(Date.now() + link.clockAheadMs);
    }
    return Date.now();
  }

  command(key: string, ...args: readonly string[]): Promise<unknown> {
    return this.#on(key, (link) => link.command(args));
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#on(keys[0] ?? "", (link) => link.run(script, keys, args));
  }

  async publish(channel: string, message: string): Promise<number> {
    return (await this.command(channel, "SPUBLISH", channel, message)) as number;
  }

  async scan(pattern: string, limit: number): Promise<string[]> {
    const found = await Promise.all(this.#links.all().map((link) => scanLink(link, pattern, limit)));
    return found.flat().slice(0, limit);
  }

  onUp(run: () => void): void {
    this.#onUp.push(run);
  }

  onTopology(run: (topology: Topology) => void): void {
    this.#onTopology.push(run);
  }

  /** A slot is not where it was thought to be. */
  moved(): void {
    void this.#watch.refresh();
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.#links.close();
  }

  #linkOf(key: string): RedisLink | undefined {
    const address = this.#topology.masterOf[slotOf(key)];
    return address === undefined ? undefined : this.#links.at(address);
  }

  async #on(key: string, ask: (link: RedisLink) => Promise<unknown>): Promise<unknown> {
    const link = this.#linkOf(key);
    if (link === undefined) throw new RedisUnavailable("no node of the cluster has this slot");
    try {
      return await ask(link);
    } catch (error) {
      if (!elsewhere.test((error as Error).message)) throw error;
      await this.#watch.refresh();
      const other = this.#linkOf(key);
      if (other === undefined || other === link) throw error;
      return await ask(other);
    }
  }

  #adopt(topology: Topology): void {
    this.#topology = topology;
    this.#links.adopt(topology.masters);
    for (const run of this.#onTopology) run(topology);
  }

  #connect(address: string): RedisLink {
    const { durable } = this.#options;
    return new RedisLink(
      {
        client: clientOptions(this.#options, `redis://${address}`),
        durable,
        scripts: this.#scripts,
        isCluster: true,
      },
      {
        up: () => {
          this.#events.up(address);
          for (const run of this.#onUp) run();
        },
        down: (reason) => {
          this.#events.down(reason, address);
          this.#watch.suspect();
        },
      },
    );
  }
}
