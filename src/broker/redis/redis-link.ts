import { createHash } from "node:crypto";
import { BackOff } from "./back-off.ts";
import { type Generation, readGeneration } from "./generation.ts";
import { RedisUnavailable, type Script } from "./ports.ts";
import { type Client, type ClientOptions, createOnce, destroyClient } from "./redis-client.ts";

export interface LinkOptions {
  readonly client: ClientOptions;
  readonly durable: "auto" | "yes" | "no";
  /** Loaded into each Redis process that is reached. */
  readonly scripts: readonly Script[];
  readonly isCluster: boolean;
}

export interface LinkEvents {
  up(): void;
  /** Not called again before it has been up. */
  down(reason: string): void;
}

/** How long a command may take; a Redis that is slower counts as out of reach. */
const commandDeadlineMs = 900;
const connectDeadlineMs = 1000;
const checkEveryMs = 100;

/** Answers that say that this process is not the one to ask, or not now: another connection may find a better one. */
const wrongServer = /^(READONLY|LOADING|MASTERDOWN|NOSCRIPT|NOAUTH|NOREPLICAS|UNBLOCKED)/;

interface Pending {
  readonly sentAt: number;
  readonly reject: (error: Error) => void;
}

/**
 * One connection for commands to one Redis process, made anew whenever it breaks. It breaks as well when an answer
 * is overdue: what hangs is out of reach, and nothing waits for it.
 */
export class RedisLink {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #pending = new Set<Pending>();
  #client: Client | null = null;
  #generation: Generation | null = null;
  #shaOf = new Map<Script, string>();
  #isUp = false;
  #closed = false;
  #toldDown = false;
  readonly #backOff = new BackOff();
  readonly #checkTimer: NodeJS.Timeout;
  #checkedAt = performance.now();

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#checkTimer = setInterval(() => this.#checkDeadlines(), checkEveryMs);
    this.#checkTimer.unref();
    void this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** How far Redis' clock is ahead of this machine's, in milliseconds. */
  get clockAheadMs(): number {
    return this.#generation?.clockAheadMs ?? 0;
  }

  /** Rejects with `RedisUnavailable` when it could not be carried out, or may not have been. */
  command(args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (client === null || !this.#isUp) return Promise.reject(new RedisUnavailable("Redis is out of reach"));
    return this.#send(client, args);
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const sha = this.#shaOf.get(script);
    if (sha === undefined) return Promise.reject(new RedisUnavailable("Redis is out of reach"));
    return this.command(["EVALSHA", sha, String(keys.length), ...keys, ...args]);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#checkTimer);
    this.#backOff.stop();
    this.#drop("closed");
  }

  async #connect(): Promise<void> {
    const client = createOnce(this.#options.client, connectDeadlineMs);
    this.#client = client;
    client.on("error", (error: Error) => this.#broke(client, error.message));
    client.on("end", () => this.#broke(client, "the connection ended"));
    const deadline = setTimeout(() => this.#broke(client, "no answer in time"), connectDeadlineMs);
    try {
      await client.connect();
      const generation = await readGeneration((args) => this.#send(client, args), this.#options);
      const shas = await this.#loadScripts(client, generation);
      if (this.#client !== client) return;
      this.#generation = generation;
      this.#shaOf = shas;
      this.#isUp = true;
      this.#toldDown = false;
      this.#backOff.reset();
      this.#events.up();
    } catch (error) {
      this.#broke(client, (error as Error).message);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The generation is part of a script's text: a Redis that was restarted does not know it by that name. */
  async #loadScripts(client: Client, { id }: Generation): Promise<Map<Script, string>> {
    // Channels of a cluster belong to slots.
    const publishCommand = this.#options.isCluster ? "SPUBLISH" : "PUBLISH";
    const shas = new Map<Script, string>();
    const loads = this.#options.scripts.map((script) => {
      const body = script.text.replaceAll("'PUBLISH'", `'${publishCommand}'`);
      const text = `local generation = '${id}'\n${body}`;
      shas.set(script, createHash("sha1").update(text).digest("hex"));
      return this.#send(client, ["SCRIPT", "LOAD", text]);
    });
    await Promise.all(loads);
    return shas;
  }

  #send(client: Client, args: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { sentAt: performance.now(), reject };
      this.#pending.add(pending);
      client.sendCommand(args as string[]).then(
        (reply) => {
          this.#pending.delete(pending);
          resolve(reply);
        },
        (error: Error) => {
          this.#pending.delete(pending);
          reject(new RedisUnavailable(error.message));
          if (wrongServer.test(error.message)) this.#broke(client, error.message);
        },
      );
    });
  }

  /** Answers come in order: the oldest says how long Redis has been silent. */
  #checkDeadlines(): void {
    const now = performance.now();
    const late = now - this.#checkedAt - checkEveryMs;
    this.#checkedAt = now;
    // This process was busy by itself: the answers may be here, unread.
    if (late > checkEveryMs) return;
    const [oldest] = this.#pending;
    const client = this.#client;
    if (oldest === undefined || client === null || now - oldest.sentAt < commandDeadlineMs) return;
    this.#broke(client, `no answer within ${commandDeadlineMs} ms`);
  }

  #broke(client: Client, reason: string): void {
    if (this.#client !== client) return;
    this.#drop(reason);
    if (this.#closed) return;
    if (!this.#toldDown) {
      this.#toldDown = true;
      this.#events.down(reason);
    }
    this.#backOff.retry(() => void this.#connect());
  }

  #drop(reason: string): void {
    const client = this.#client;
    this.#client = null;
    this.#isUp = false;
    this.#shaOf = new Map();
    if (client !== null) destroyClient(client);
    for (const { reject } of this.#pending) reject(new RedisUnavailable(reason));
    this.#pending.clear();
  }
}
