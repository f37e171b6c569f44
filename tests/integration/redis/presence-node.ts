import { Keys } from "../../../src/broker/redis/keys.ts";
import { NodeDirectory, nodeScripts, type Standing } from "../../../src/broker/redis/node-directory.ts";
import type { Script } from "../../../src/broker/redis/ports.ts";
import { RedisPresence } from "../../../src/broker/redis/presence.ts";
import { presenceScripts } from "../../../src/broker/redis/presence-store.ts";
import { StandaloneConnection } from "../../../src/broker/redis/standalone.ts";
import type { Scheduler } from "../../../src/core/ports.ts";
import { systemRandom, systemScheduler } from "../../../src/lifecycle/system-ports.ts";
import type { RedisServer } from "../../support/redis-server.ts";

const noEvents = { up() {}, down() {}, subscriberDown() {} };

/** The event loop of one node among several in a process: it can be stopped for good, or stand still. */
class NodeScheduler implements Scheduler {
  readonly #speed: number;
  readonly #waiting: (() => void)[] = [];
  #paused = false;
  #dead = false;

  /** `speed`: how much sooner than asked for timers run. */
  constructor(speed: number) {
    this.#speed = speed;
  }

  after(delayMs: number, run: () => void) {
    return systemScheduler.after(delayMs / this.#speed, () => this.#enter(run));
  }

  endOfTick(run: () => void): void {
    systemScheduler.endOfTick(() => this.#enter(run));
  }

  nextTick(run: () => void): void {
    systemScheduler.nextTick(() => this.#enter(run));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const run of this.#waiting.splice(0)) run();
  }

  kill(): void {
    this.#dead = true;
  }

  #enter(run: () => void): void {
    if (this.#dead) return;
    if (this.#paused) this.#waiting.push(run);
    else run();
  }
}

export interface NodeOptions {
  readonly prefix: string;
  readonly beatEveryMs?: number;
  readonly deadAfterMs?: number;
  readonly describe?: () => object;
  readonly tellsMembership?: (topic: string) => boolean;
  /** How much faster than usual presence works. */
  readonly speed?: number;
}

/** What a connection was asked to do: by command's or script's name, the keys and arguments of each. */
export type Calls = Map<string, { keys: number; args: number }[]>;

class CountingConnection extends StandaloneConnection {
  readonly calls: Calls = new Map();

  override command(key: string, ...args: readonly string[]): Promise<unknown> {
    this.#count(args[0]!, 1, args.length);
    return super.command(key, ...args);
  }

  override run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    this.#count(script.name, keys.length, args.length);
    return super.run(script, keys, args);
  }

  #count(name: string, keys: number, args: number): void {
    const ofName = this.calls.get(name) ?? [];
    ofName.push({ keys, args });
    this.calls.set(name, ofName);
  }
}

/** The part of a node that says in Redis that it is there, and who is on it. */
export class PresenceNode {
  readonly id = systemRandom.token(12);
  readonly keys: Keys;
  readonly connection: CountingConnection;
  readonly directory: NodeDirectory;
  readonly presence: RedisPresence;
  readonly lost: string[] = [];
  readonly standings: Standing[] = [];
  readonly #schedulers: NodeScheduler[];

  constructor(redis: RedisServer, options: NodeOptions) {
    const { prefix, beatEveryMs = 50, deadAfterMs = 200, describe = () => ({ node: this.id }) } = options;
    const { tellsMembership = () => true, speed = 20 } = options;
    this.keys = new Keys(prefix);
    const address = { clusterNodes: [], username: null, password: null, tls: false, tlsAuthority: null };
    const redisOptions = { ...address, url: redis.url, durable: "auto" } as const;
    const scripts = [...nodeScripts, ...presenceScripts];
    this.connection = new CountingConnection(redisOptions, redis.url, scripts, noEvents);
    const { connection, keys, id: nodeId } = this;
    const [beats, rest] = [new NodeScheduler(1), new NodeScheduler(speed)];
    this.#schedulers = [beats, rest];
    this.directory = new NodeDirectory(
      { nodeId, key: keys.nodes, describe, beatEveryMs, deadAfterMs },
      { connection, scheduler: beats },
    );
    const { directory } = this;
    directory.onLost((lostId) => this.lost.push(lostId));
    directory.onReturned((standing) => this.standings.push(standing));
    this.presence = new RedisPresence(
      { nodeId, tellsMembership },
      { connection, scheduler: rest, keys, directory },
    );
  }

  get calls(): Calls {
    return this.connection.calls;
  }

  /** It stands still, its connections stay open. */
  pause(): void {
    for (const scheduler of this.#schedulers) scheduler.pause();
  }

  resume(): void {
    for (const scheduler of this.#schedulers) scheduler.resume();
  }

  /** It is gone without a word. */
  async kill(): Promise<void> {
    for (const scheduler of this.#schedulers) scheduler.kill();
    await this.connection.close();
  }

  async close(): Promise<void> {
    await this.presence.close();
    await this.directory.close();
    await this.kill();
  }
}
