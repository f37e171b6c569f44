import { clientOptions } from "./client-options.ts";
import type { OnMessage, RedisConnection, RedisSubscriptions, Script } from "./ports.ts";
import { RedisLink } from "./redis-link.ts";
import type { RedisOptions } from "./redis-options.ts";
import { scanLink } from "./scan-link.ts";
import { SubscriberLink } from "./subscriber-link.ts";

/** Told when Redis comes and goes, for the log. */
export interface ConnectionEvents {
  /** `node`: the address of the node of a Redis Cluster. */
  up(node?: string): void;
  down(reason: string, node?: string): void;
  subscriberDown(reason: string, node?: string): void;
}

/** One Redis process: a connection for commands, and one that receives. */
export class StandaloneConnection implements RedisConnection {
  readonly #link: RedisLink;
  readonly #onUp: (() => void)[] = [];

  constructor(options: RedisOptions, url: string, scripts: readonly Script[], events: ConnectionEvents) {
    this.#link = new RedisLink(
      {
        client: clientOptions(options, url),
        durable: options.durable,
        scripts,
        isCluster: false,
      },
      {
        up: () => {
          events.up();
          for (const run of this.#onUp) run();
        },
        down: (reason) => events.down(reason),
      },
    );
  }

  readonly isCluster = false;

  get isUp(): boolean {
    return this.#link.isUp;
  }

  reaches(): boolean {
    return this.#link.isUp;
  }

  now(): number {
    return Math.round(Date.now() + this.#link.clockAheadMs);
  }

  command(_key: string, ...args: readonly string[]): Promise<unknown> {
    return this.#link.command(args);
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#link.run(script, keys, args);
  }

  scan(pattern: string, limit: number): Promise<string[]> {
    return scanLink(this.#link, pattern, limit);
  }

  async publish(channel: string, message: string): Promise<number> {
    return (await this.#link.command(["PUBLISH", channel, message])) as number;
  }

  onUp(run: () => void): void {
    this.#onUp.push(run);
  }

  async close(): Promise<void> {
    this.#link.close();
  }
}

export class StandaloneSubscriptions implements RedisSubscriptions {
  readonly #link: SubscriberLink;
  readonly #onGap: ((channels: Iterable<string>) => void)[] = [];

  constructor(
    options: RedisOptions,
    url: string,
    connection: RedisConnection,
    canary: string,
    events: ConnectionEvents,
  ) {
    this.#link = new SubscriberLink(
      { client: clientOptions(options, url), sharded: false, canary },
      {
        publish: (channel, message) => connection.publish(channel, message),
        onGap: (channels) => {
          for (const run of this.#onGap) run(channels);
        },
        onDown: (reason) => events.subscriberDown(reason),
        onMoved: () => {},
      },
    );
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  subscribe(channel: string, listener: OnMessage): Promise<void> {
    return this.#link.subscribe(channel, listener);
  }

  unsubscribe(channel: string): void {
    this.#link.unsubscribe(channel);
  }

  onGap(run: (channels: Iterable<string>) => void): void {
    this.#onGap.push(run);
  }

  hearsItself(deadlineMs: number): Promise<boolean> {
    return this.#link.hearsItself(deadlineMs);
  }

  async close(): Promise<void> {
    this.#link.close();
  }
}
