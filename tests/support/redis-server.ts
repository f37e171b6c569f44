import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { guardFolder, guardProcess, releaseFolder, releaseProcess } from "./orphan-guard.ts";
import { until } from "./until.ts";

export interface RedisOptions {
  /** What survives a restart: nothing (the default), or every write that was answered (fsync each time). */
  readonly persistence?: "none" | "aof";
  /** More arguments of redis-server, as `["--maxmemory", "10mb"]`. */
  readonly args?: readonly string[];
  /** A free one by default. */
  readonly port?: number;
}

const patienceMs = 5_000;
const attemptsMax = 5;

/** Starts a redis-server of its own on the loopback device; resolves when it answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  if (Bun.which("redis-server") === null || Bun.which("redis-cli") === null) {
    throw new Error("redis-server or redis-cli is not installed: run scripts/setup.sh --test");
  }
  for (let attempt = 1; ; attempt++) {
    const redis = new RedisServer(options.port ?? freePort(), options);
    try {
      await redis.restart();
      return redis;
    } catch (error) {
      const log = redis.log;
      await redis.stop();
      const wasTaken = options.port === undefined && log.includes("Address already in use");
      if (!wasTaken || attempt === attemptsMax) throw error;
    }
  }
}

/**
 * A real redis-server that a test can kill, stop for a while and bring back. Nothing of it outlives the test's
 * process, whatever becomes of that.
 */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  /** Its data and its log. */
  readonly #folder: string;
  readonly #arguments: readonly string[];
  #process: Bun.Subprocess | null = null;

  constructor(port: number, { persistence = "none", args = [] }: RedisOptions) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "fanfare-redis-"));
    guardFolder(this.#folder);
    const durability = persistence === "aof" ? ["--appendonly", "yes", "--appendfsync", "always"] : [];
    this.#arguments = [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", this.#folder, "--logfile", "redis.log"],
      ...["--save", "", "--daemonize", "no", ...durability, ...args],
    ];
  }

  get isRunning(): boolean {
    return this.#process !== null;
  }

  get pid(): number {
    if (this.#process === null) throw new Error("redis-server is not running");
    return this.#process.pid;
  }

  /** What it wrote into its log, over all its lives. */
  get log(): string {
    try {
      return readFileSync(join(this.#folder, "redis.log"), "utf8");
    } catch {
      return "";
    }
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    child.kill("SIGKILL");
    await child.exited;
    releaseProcess(child.pid);
  }

  /** Starts it again, with the same port and what it kept; resolves when it answers. Kills it where it runs. */
  async restart(): Promise<void> {
    await this.kill();
    const child = Bun.spawn(["redis-server", ...this.#arguments], { stdio: ["ignore", "ignore", "ignore"] });
    this.#process = child;
    guardProcess(child.pid);
    await until(() => this.#answers(child), patienceMs, "an answer of redis-server").catch((error) => {
      throw new Error(`${error.message}; its log:\n${this.log}`);
    });
  }

  /** It stands still, its connections stay open: SIGSTOP. */
  pause(): void {
    process.kill(this.pid, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** One command, as redis-cli prints its answer, without the line's end. */
  async cli(...command: readonly string[]): Promise<string> {
    const child = Bun.spawn(["redis-cli", "-p", String(this.port), ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: patienceMs,
    });
    const [answer, complaint, status] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    if (status !== 0)
      throw new Error(`redis-cli ${command.join(" ")}: ${complaint || answer || "no answer"}`);
    return answer.trimEnd();
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
    releaseFolder(this.#folder);
  }

  async #answers(child: Bun.Subprocess): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    return (await this.cli("PING").catch(() => "")) === "PONG";
  }
}
