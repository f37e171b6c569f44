import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

/** Several workers on one port, and which processes they are. */
export class Workers {
  readonly server: SpawnedServer;
  readonly #count: number;
  readonly #gone = new Set<number>();

  private constructor(server: SpawnedServer, count: number) {
    this.server = server;
    this.#count = count;
  }

  /** Resolves when all of them are ready. */
  static async start(
    count: number,
    redisUrl: string,
    cleanUp: AsyncDisposableStack,
    env: Record<string, string> = {},
  ): Promise<Workers> {
    const server = await spawnServer({
      args: ["--workers", String(count)],
      env: { REDIS_URL: redisUrl, SHUTDOWN_TIMEOUT: "5", LOG_FORMAT: "json", ...env },
    });
    cleanUp.defer(() => server.stop());
    return new Workers(server, count);
  }

  get url(): string {
    return this.server.url;
  }

  /** Process ids of those that take clients. */
  get pids(): number[] {
    const started = this.server.lines.filter((line) => line.includes('"worker started"'));
    return started
      .map((line) => Number(JSON.parse(line).worker_pid))
      .filter((pid) => !this.#gone.has(pid))
      .slice(-this.#count);
  }

  /** SIGKILL to some of them; resolves when others are ready in their places. */
  async kill(...pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
      this.#gone.add(pid);
      process.kill(pid, "SIGKILL");
    }
    await until(() => this.pids.length === this.#count, 20_000, "others in the place of killed workers");
  }

  /** Replaces all of them, one by one; resolves when that is done, though old ones may still let clients go. */
  async replaceAll(): Promise<void> {
    const replacements = () =>
      this.server.lines.filter((line) => /all workers are replaced/.test(line)).length;
    const before = replacements();
    const replaced = this.pids;
    process.kill(this.server.process.pid, "SIGUSR2");
    await until(() => replacements() > before, 60_000, "the replacement of all workers");
    for (const pid of replaced) this.#gone.add(pid);
  }
}
