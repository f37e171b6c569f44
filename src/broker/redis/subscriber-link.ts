import { BackOff } from "./back-off.ts";
import { Canary } from "./canary.ts";
import type { OnMessage } from "./ports.ts";
import { type Client, type ClientOptions, createOnce, destroyClient } from "./redis-client.ts";

export interface SubscriberOptions {
  readonly client: ClientOptions;
  /** Redis Cluster: channels belong to slots. */
  readonly sharded: boolean;
  /** A channel on which this link hears itself. */
  readonly canary: string;
}

export interface SubscriberPorts {
  /** Sends the canary; how many connections received it. Rejects while Redis is out of reach. */
  readonly publish: (channel: string, message: string) => Promise<number>;
  /** These channels were subscribed before, and are again: what came between is lost. */
  readonly onGap: (channels: string[]) => void;
  readonly onDown: (reason: string) => void;
  /** A Redis Cluster has moved channels to another node; they stay unconfirmed here. */
  readonly onMoved: () => void;
}

const connectDeadlineMs = 1000;
/** Channels that a node of a cluster refused are asked for again after it. */
const refusedAgainMs = 300;
/** Channels in one command. */
const chunk = 500;

interface Channel {
  readonly listener: OnMessage;
  /** It was subscribed by this or an earlier connection. */
  wasConfirmed: boolean;
  /** By the present connection. */
  isConfirmed: boolean;
  waiting: (() => void)[];
}

/**
 * One connection that receives what is published in one Redis process. It is made anew when it breaks or has gone
 * silent: a connection that looks alive but delivers nothing is found by the canary.
 */
export class SubscriberLink {
  readonly #options: SubscriberOptions;
  readonly #ports: SubscriberPorts;
  readonly #channels = new Map<string, Channel>();
  /** Changes of this turn of the event loop, in one command each way. */
  readonly #toSubscribe = new Set<string>();
  readonly #toUnsubscribe = new Set<string>();
  #flushScheduled = false;
  #client: Client | null = null;
  #isReady = false;
  #isUp = false;
  #closed = false;
  readonly #backOff = new BackOff();
  readonly #canary: Canary;
  readonly #listener = (message: string, channel: string) => this.#receive(message, channel);

  constructor(options: SubscriberOptions, ports: SubscriberPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#canary = new Canary({
      publish: (message) => ports.publish(options.canary, message),
      onSilent: (reason) => {
        if (this.#client !== null) this.#broke(this.#client, reason);
      },
    });
    void this.#connect();
  }

  /** All channels are subscribed, by a connection on which something was heard lately. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when Redis has confirmed it, however long that takes. */
  subscribe(channel: string, listener: OnMessage): Promise<void> {
    const known = this.#channels.get(channel);
    this.#toUnsubscribe.delete(channel);
    if (known?.isConfirmed) {
      this.#channels.set(channel, { ...known, listener });
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const waiting = [...(known?.waiting ?? []), resolve];
      this.#channels.set(channel, { listener, wasConfirmed: false, isConfirmed: false, waiting });
      this.#toSubscribe.add(channel);
      this.#scheduleFlush();
    });
  }

  unsubscribe(channel: string): void {
    const known = this.#channels.get(channel);
    if (known === undefined) return;
    this.#channels.delete(channel);
    for (const resolve of known.waiting) resolve();
    this.#toSubscribe.delete(channel);
    this.#toUnsubscribe.add(channel);
    this.#scheduleFlush();
  }

  /** Whether a message that is sent now comes back within the time. */
  hearsItself(deadlineMs: number): Promise<boolean> {
    return this.#canary.hearsItself(deadlineMs);
  }

  close(): void {
    this.#closed = true;
    this.#canary.stop();
    this.#backOff.stop();
    this.#drop();
    for (const { waiting } of this.#channels.values()) for (const resolve of waiting) resolve();
  }

  async #connect(): Promise<void> {
    const client = createOnce(this.#options.client, connectDeadlineMs);
    this.#client = client;
    client.on("error", (error: Error) => this.#broke(client, error.message));
    client.on("end", () => this.#broke(client, "the connection ended"));
    // A Redis Cluster moved the slot: its channels are to be found elsewhere.
    client.on("sharded-channel-moved", () => this.#ports.onMoved());
    const deadline = setTimeout(() => this.#broke(client, "no answer in time"), connectDeadlineMs);
    try {
      await client.connect();
      await this.#subscribeTo(client, [this.#options.canary]);
      clearTimeout(deadline);
      if (this.#client !== client) return;
      this.#canary.setListening(true);
      this.#isReady = true;
      this.#toSubscribe.clear();
      this.#toUnsubscribe.clear();
      await this.#confirm(client, [...this.#channels.keys()]);
      if (this.#client !== client) return;
      this.#backOff.reset();
      this.#isUp = true;
    } catch (error) {
      this.#broke(client, (error as Error).message);
    } finally {
      clearTimeout(deadline);
    }
  }

  async #confirm(client: Client, channels: readonly string[]): Promise<void> {
    for (let start = 0; start < channels.length; start += chunk) {
      const some = channels.slice(start, start + chunk);
      const confirmed = await this.#subscribeTo(client, some);
      if (this.#client !== client) return;
      this.#confirmed(confirmed);
    }
  }

  /** Those that Redis has confirmed: a node of a cluster refuses what is not in its slots. */
  async #subscribeTo(client: Client, channels: string[]): Promise<readonly string[]> {
    if (!this.#options.sharded) {
      await client.subscribe(channels, this.#listener);
      return channels;
    }
    // Channels of different slots cannot be in one command.
    const results = await Promise.all(
      channels.map((channel) =>
        client.sSubscribe(channel, this.#listener).then(
          () => channel,
          (error: Error) => {
            if (!/^(MOVED|CLUSTERDOWN)/.test(error.message)) throw error;
            return null;
          },
        ),
      ),
    );
    const confirmed = results.filter((channel) => channel !== null);
    if (confirmed.length < channels.length)
      this.#askAgain(channels.filter((_, index) => results[index] === null));
    return confirmed;
  }

  /** Whoever has these slots now takes the channels from here; until then this node may be right after all. */
  #askAgain(channels: readonly string[]): void {
    this.#ports.onMoved();
    setTimeout(() => {
      for (const channel of channels) {
        if (this.#channels.get(channel)?.isConfirmed === false) this.#toSubscribe.add(channel);
      }
      this.#scheduleFlush();
    }, refusedAgainMs).unref();
  }

  #confirmed(names: readonly string[]): void {
    const again: string[] = [];
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel === undefined) continue;
      if (channel.wasConfirmed) again.push(name);
      channel.wasConfirmed = true;
      channel.isConfirmed = true;
      const { waiting } = channel;
      channel.waiting = [];
      for (const resolve of waiting) resolve();
    }
    if (again.length > 0) this.#ports.onGap(again);
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      if (this.#isReady) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    const leaving = [...this.#toUnsubscribe];
    const coming = [...this.#toSubscribe];
    this.#toUnsubscribe.clear();
    this.#toSubscribe.clear();
    try {
      if (leaving.length > 0) {
        const { sharded } = this.#options;
        // With the listener: without it the client takes a channel for subscribed until Redis has answered, and would
        // leave out the command that subscribes it anew meanwhile.
        const left = sharded
          ? Promise.all(leaving.map((channel) => client.sUnsubscribe(channel, this.#listener)))
          : client.unsubscribe(leaving, this.#listener);
        left.catch((error: Error) => this.#broke(client, error.message));
      }
      if (coming.length > 0) await this.#confirm(client, coming);
    } catch (error) {
      this.#broke(client, (error as Error).message);
    }
  }

  #receive(message: string, channel: string): void {
    this.#canary.noteMessage();
    if (channel === this.#options.canary) this.#canary.noteCanary();
    else this.#channels.get(channel)?.listener(message, channel);
  }

  #broke(client: Client, reason: string): void {
    if (this.#client !== client) return;
    const wasUp = this.#isUp;
    this.#drop();
    if (this.#closed) return;
    if (wasUp) this.#ports.onDown(reason);
    this.#backOff.retry(() => void this.#connect());
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    this.#canary.setListening(false);
    this.#isReady = false;
    this.#isUp = false;
    for (const channel of this.#channels.values()) channel.isConfirmed = false;
    if (client !== null) destroyClient(client);
  }
}
