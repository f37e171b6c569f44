import type {
  BusConnection,
  BusNames,
  BusSubscriptions,
  DirectoryEntry,
  NodeDirectory,
} from "../../../src/cluster/ports.ts";
import type { Clock } from "../../../src/core/ports.ts";

export const fakeNames: BusNames = {
  allNodes: "all",
  inbox: (nodeId) => `inbox:${nodeId}`,
  turn: (name) => `turn:${name}`,
  turns: (name) => `turns:${name}`,
};

interface Delivery {
  readonly listener: (message: string) => void;
  readonly message: string;
}

/**
 * What connects the nodes of a test. Messages wait in a queue for each node, in one order for all, until the test
 * delivers them.
 */
export class FakeNetwork {
  readonly #listeners = new Map<string, Map<string, (message: string) => void>>();
  readonly #queues = new Map<string, Delivery[]>();
  readonly #keys = new Map<string, string | number>();
  readonly #onLost: ((nodeId: string) => void)[] = [];
  readonly #onGap: ((channels: Iterable<string>) => void)[] = [];
  readonly #onUp: (() => void)[] = [];
  readonly #facts = new Map<string, () => unknown>();
  readonly #clock: Clock;
  /** Everything that was published. */
  readonly published: { readonly channel: string; readonly message: string }[] = [];
  /** The nodes that looked at the directory before their time. */
  readonly beats: string[] = [];
  /** The medium is out of reach. */
  isDown = false;
  /** It goes out of reach at the next publish, which may or may not be carried out. */
  losesNext = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One node's end of it. */
  join(nodeId: string, facts: () => unknown = () => ({})) {
    const network = this;
    this.#queues.set(nodeId, []);
    this.#facts.set(nodeId, facts);
    const connection: BusConnection = {
      get isUp() {
        return !network.isDown;
      },
      now: () => this.#clock.now(),
      onUp: (run) => this.#onUp.push(run),
      publish: async (channel, message) => this.#publish(channel, message),
      command: async (_key, ...args) => this.#command(args),
    };
    const subscriptions: BusSubscriptions = {
      get isUp() {
        return !network.isDown;
      },
      subscribe: async (channel, listener) => {
        const listeners = this.#listeners.get(channel) ?? new Map();
        this.#listeners.set(channel, listeners.set(nodeId, listener));
      },
      onGap: (run) => this.#onGap.push(run),
    };
    const directory: NodeDirectory = {
      live: () => this.#live(),
      onLost: (run) => this.#onLost.push(run),
      beatNow: async () => this.beats.push(nodeId),
    };
    return { connection, subscriptions, directory };
  }

  /** The nodes reach it, or reach it again. */
  up(): void {
    this.isDown = false;
    for (const run of this.#onUp) run();
    for (const run of this.#onGap) run([fakeNames.allNodes]);
  }

  /** Messages that wait to be delivered to a node. */
  waiting(nodeId: string): number {
    return this.#queues.get(nodeId)?.length ?? 0;
  }

  /** Delivers one message to a node; false: none waits. */
  deliver(nodeId: string): boolean {
    const delivery = this.#queues.get(nodeId)?.shift();
    delivery?.listener(delivery.message);
    return delivery !== undefined;
  }

  /** A message to a node is lost. */
  drop(nodeId: string): void {
    this.#queues.get(nodeId)?.shift();
  }

  /** Delivers all there is and all that comes of it, but for nodes that hang. */
  async settle(...hanging: string[]): Promise<void> {
    for (let idle = 0; idle < 5; ) {
      const nodes = [...this.#queues.keys()].filter((nodeId) => !hanging.includes(nodeId));
      const delivered = nodes.filter((nodeId) => this.deliver(nodeId)).length;
      await Promise.resolve();
      idle = delivered > 0 ? 0 : idle + 1;
    }
  }

  /** A node is gone: it hears nothing more. The directory notices later. */
  crash(nodeId: string): void {
    for (const listeners of this.#listeners.values()) listeners.delete(nodeId);
    this.#queues.set(nodeId, []);
  }

  /** The directory notices. */
  lose(nodeId: string): void {
    this.crash(nodeId);
    this.#facts.delete(nodeId);
    for (const run of this.#onLost) run(nodeId);
  }

  /** A connection that is still counted, and that no node holds any more. */
  leaveGhost(): void {
    const ghost = "ghost";
    this.#queues.set(ghost, []);
    const listeners = this.#listeners.get(fakeNames.allNodes) ?? new Map();
    this.#listeners.set(
      fakeNames.allNodes,
      listeners.set(ghost, () => {}),
    );
  }

  /** As if somebody had published it by hand. */
  inject(channel: string, message: string): void {
    this.#publish(channel, message);
  }

  #live(): DirectoryEntry[] {
    return [...this.#facts].map(([id, facts]) => ({ id, facts: facts() }));
  }

  #publish(channel: string, message: string): number {
    if (this.losesNext) {
      this.losesNext = false;
      throw new Error("no answer in time");
    }
    if (this.isDown) throw new Error("out of reach");
    this.published.push({ channel, message });
    const listeners = this.#listeners.get(channel) ?? new Map();
    for (const [nodeId, listener] of listeners) this.#queues.get(nodeId)!.push({ listener, message });
    return listeners.size;
  }

  /** SET … NX PX and INCR, as Redis does them; `expire` takes the place of time. */
  #command(args: readonly string[]): unknown {
    if (this.isDown) throw new Error("out of reach");
    const [name, key] = args as [string, string];
    if (name === "INCR") {
      const count = Number(this.#keys.get(key) ?? 0) + 1;
      this.#keys.set(key, count);
      return count;
    }
    if (this.#keys.has(key)) return null;
    this.#keys.set(key, args.slice(2).join(" "));
    return "OK";
  }

  /** What a key holds; removes it, as time does. */
  expire(key: string): string | number | undefined {
    const value = this.#keys.get(key);
    this.#keys.delete(key);
    return value;
  }
}
