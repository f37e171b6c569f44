import { clientOptions } from "./client-options.ts";
import type { ClusterConnection } from "./cluster-connection.ts";
import { slotOf } from "./cluster-slot.ts";
import type { Topology } from "./cluster-topology.ts";
import { MasterLinks } from "./master-links.ts";
import type { OnMessage, RedisSubscriptions } from "./ports.ts";
import type { RedisOptions } from "./redis-options.ts";
import type { ConnectionEvents } from "./standalone.ts";
import { SubscriberLink } from "./subscriber-link.ts";

interface Subscription {
  readonly listener: OnMessage;
  /** Address of the node where it is subscribed; null: no node has its slot. */
  at: string | null;
  isConfirmed: boolean;
  waiting: (() => void)[];
}

/** What arrives from the channels of a Redis Cluster: each belongs to the node that has its slot. */
export class ClusterSubscriptions implements RedisSubscriptions {
  readonly #options: RedisOptions;
  readonly #connection: ClusterConnection;
  /** A channel's name for a tag, on which a link hears itself. */
  readonly #canary: (tag: string) => string;
  readonly #events: ConnectionEvents;
  readonly #links = new MasterLinks((address) => this.#connect(address));
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #onGap: ((channels: Iterable<string>) => void)[] = [];

  constructor(
    options: RedisOptions,
    connection: ClusterConnection,
    canary: (tag: string) => string,
    events: ConnectionEvents,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#canary = canary;
    this.#events = events;
    this.#adopt(connection.topology);
    connection.onTopology((topology) => this.#adopt(topology));
  }

  get isUp(): boolean {
    return this.#links.isUp;
  }

  subscribe(channel: string, listener: OnMessage): Promise<void> {
    const known = this.#subscriptions.get(channel);
    return new Promise((resolve) => {
      const subscription: Subscription = {
        listener,
        at: null,
        isConfirmed: false,
        waiting: [...(known?.waiting ?? []), resolve],
      };
      this.#subscriptions.set(channel, subscription);
      this.#place(channel, subscription);
    });
  }

  unsubscribe(channel: string): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription === undefined) return;
    this.#subscriptions.delete(channel);
    if (subscription.at !== null) this.#links.at(subscription.at)?.unsubscribe(channel);
    for (const resolve of subscription.waiting) resolve();
  }

  onGap(run: (channels: Iterable<string>) => void): void {
    this.#onGap.push(run);
  }

  async hearsItself(deadlineMs: number): Promise<boolean> {
    const heard = await Promise.all(this.#links.all().map((link) => link.hearsItself(deadlineMs)));
    return heard.length > 0 && heard.every(Boolean);
  }

  async close(): Promise<void> {
    this.#links.close();
    for (const { waiting } of this.#subscriptions.values()) for (const resolve of waiting) resolve();
  }

  /** Puts channels whose slots have moved with the nodes that have them now. */
  #adopt(topology: Topology): void {
    this.#links.adopt(topology.masters);
    for (const [channel, subscription] of this.#subscriptions) {
      const address = topology.masterOf[slotOf(channel)] ?? null;
      if (subscription.at === address) continue;
      if (subscription.at !== null) this.#links.at(subscription.at)?.unsubscribe(channel);
      this.#place(channel, subscription);
    }
  }

  #place(channel: string, subscription: Subscription): void {
    const address = this.#connection.topology.masterOf[slotOf(channel)] ?? null;
    const link = address === null ? undefined : this.#links.at(address);
    subscription.at = link === undefined ? null : address;
    if (link === undefined) return;
    void link.subscribe(channel, subscription.listener).then(() => {
      // It may have been ended, or have moved on, meanwhile.
      if (this.#subscriptions.get(channel) !== subscription || subscription.at !== address) return;
      const wasConfirmed = subscription.isConfirmed;
      subscription.isConfirmed = true;
      for (const resolve of subscription.waiting.splice(0)) resolve();
      if (wasConfirmed) this.#tellGap([channel]);
    });
  }

  #tellGap(channels: readonly string[]): void {
    for (const run of this.#onGap) run(channels);
  }

  #connect(address: string): SubscriberLink {
    return new SubscriberLink(
      {
        client: clientOptions(this.#options, `redis://${address}`),
        sharded: true,
        canary: this.#canaryAt(address),
      },
      {
        publish: (channel, message) => this.#connection.publish(channel, message),
        onGap: (channels) => this.#tellGap(channels),
        onDown: (reason) => this.#events.subscriberDown(reason, address),
        onMoved: () => this.#connection.moved(),
      },
    );
  }

  /** A canary channel in a slot of the node's. */
  #canaryAt(address: string): string {
    const { masterOf } = this.#connection.topology;
    for (let tag = 0; ; tag++) {
      const channel = this.#canary(`:${tag}`);
      if (masterOf[slotOf(channel)] === address) return channel;
    }
  }
}
