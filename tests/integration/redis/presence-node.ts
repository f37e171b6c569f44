import { ClusterConnection } from "../../../src/broker/redis/cluster-connection.ts";
import { Keys } from "../../../src/broker/redis/keys.ts";
import { NodeDirectory, nodeScripts, type Standing } from "../../../src/broker/redis/node-directory.ts";
import type { RedisConnection, Script } from "../../../src/broker/redis/ports.ts";
import { RedisPresence } from "../../../src/broker/redis/presence.ts";
import { presenceScripts } from "../../../src/broker/redis/presence-store.ts";
import { StandaloneConnection } from "../../../src/broker/redis/standalone.ts";
import type { Scheduler } from "../../../src/core/ports.ts";
import { systemRandom, systemScheduler } from "../../../src/lifecycle/system-ports.ts";

const noEvents = { up() {}, down() {}, subscriberDown() {} };

/** The event loop of one node among several in a process: it can be stopped for good, or stand still. */
class NodeScheduler implements Scheduler {
  #speed: number;
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

  slowDown(): void {
    this.#speed = 1;
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

/** Of one redis-server, or of some of a Redis Cluster. */
export interface RedisAddress {
  readonly url?: string;
  readonly clusterNodes?: readonly string[];
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

/** What a connection was asked to do with one command or script. */
export interface CallCount {
  calls: number;
  /** The most keys and arguments of one call. */
  argumentsMax: number;
  /** The most calls that waited for their answers at once. */
  atOnceMax: number;
  atOnce: number;
}

/** By the name of the command or script. */
export type Calls = Map<string, CallCount>;

/** Notes what a connection is asked to do. */
function counting(connection: RedisConnection, calls: Calls): RedisConnection {
  const count = async (name: string, args: number, answer: Promise<unknown>): Promise<unknown> => {
    const call = calls.get(name) ?? { calls: 0, argumentsMax: 0, atOnceMax: 0, atOnce: 0 };
    calls.set(name, call);
    call.calls++;
    call.atOnce++;
    call.argumentsMax = Math.max(call.argumentsMax, args);
    call.atOnceMax = Math.max(call.atOnceMax, call.atOnce);
    try {
      return await answer;
    } finally {
      call.atOnce--;
    }
  };
  return new Proxy(connection, {
    get(target, name) {
      if (name === "command") {
        return (key: string, ...args: string[]) => count(args[0]!, args.length, target.command(key, ...args));
      }
      if (name === "run") {
        return (script: Script, keys: string[], args: string[]) =>
          count(script.name, keys.length + args.length, target.run(script, keys, args));
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function connectTo({ url, clusterNodes }: RedisAddress): RedisConnection {
  const access = { username: null, password: null, tls: false, tlsAuthority: null, durable: "auto" } as const;
  const options = { ...access, url: url ?? null, clusterNodes: clusterNodes ?? [] };
  const scripts = [...nodeScripts, ...presenceScripts];
  return url === undefined
    ? new ClusterConnection(options, scripts, noEvents)
    : new StandaloneConnection(options, url, scripts, noEvents);
}

/** The part of a node that says in Redis that it is there, and who is on it. */
export class PresenceNode {
  readonly id = systemRandom.token(12);
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly directory: NodeDirectory;
  readonly presence: RedisPresence;
  readonly lost: string[] = [];
  readonly standings: Standing[] = [];
  readonly calls: Calls = new Map();
  readonly #schedulers: NodeScheduler[];

  constructor(redis: RedisAddress, options: NodeOptions) {
    const { prefix, beatEveryMs = 50, deadAfterMs = 200, describe = () => ({ node: this.id }) } = options;
    const { tellsMembership = () => true, speed = 20 } = options;
    this.keys = new Keys(prefix);
    this.connection = counting(connectTo(redis), this.calls);
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
    // How long leaving may take is not for the test to shorten.
    for (const scheduler of this.#schedulers) scheduler.slowDown();
    await this.presence.close();
    await this.directory.close();
    await this.kill();
  }
}
