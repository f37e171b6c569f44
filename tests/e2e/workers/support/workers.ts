import { afterAll, afterEach, beforeAll } from "bun:test";
import { type RedisServer, startRedis } from "../../../support/redis-server.ts";
import { type SpawnedServer, spawnServer } from "../../../support/server.ts";
import { until } from "../../../support/until.ts";

interface Options {
  readonly args?: string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** A worker as `/status` describes it. */
interface WorkerStatus {
  readonly worker: number;
  readonly pid: number;
  readonly answered: boolean;
  readonly node: string;
  readonly connections: { readonly websocket: number; readonly sse: number };
}

/** A supervisor with its workers, as real processes. */
export class Workers {
  readonly server: SpawnedServer;
  readonly url: string;

  constructor(server: SpawnedServer) {
    this.server = server;
    this.url = server.url;
  }

  /** Process ids of the workers that were there when all were ready. */
  get firstPids(): number[] {
    return JSON.parse(this.server.lines.find((line) => line.includes('"msg":"listening"'))!).workers;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields there are.
  async get(path: string): Promise<any> {
    const response = await fetch(this.url + path, { keepalive: false });
    return await response.json();
  }

  async workers(): Promise<WorkerStatus[]> {
    return (await this.get("/status")).workers;
  }

  /** Records of the log, in JSON, of a message. */
  records(message: string): Record<string, unknown>[] {
    return this.server.lines
      .filter((line) => line.includes(`"msg":"${message}`))
      .map((line) => JSON.parse(line));
  }

  async untilLogged(message: string, count = 1, patienceMs = 10_000): Promise<void> {
    await until(() => this.records(message).length >= count, patienceMs, `"${message}" in the log`);
  }

  signal(signal: NodeJS.Signals): void {
    this.server.process.kill(signal);
  }
}

/** A Redis for the file's tests, and a supervisor for each that asks for one. */
export function useWorkers() {
  let redis: RedisServer | undefined;
  const started: SpawnedServer[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
  });
  return {
    get redisUrl(): string {
      return redis!.url;
    },
    async start(count: number, { args = [], env = {}, cwd }: Options = {}): Promise<Workers> {
      const server = await spawnServer({
        args: ["--workers", String(count), ...args],
        env: { REDIS_URL: redis!.url, ...env },
        ...(cwd === undefined ? {} : { cwd }),
      });
      started.push(server);
      return new Workers(server);
    },
  };
}

/** Whether the process is there, and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(require("node:fs").readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
