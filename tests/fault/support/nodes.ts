import { freePort } from "../../support/free-port.ts";
import type { RedisCluster } from "../../support/redis-cluster.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

export interface NodeOptions {
  /** Settings beyond where Redis is. */
  readonly env?: Record<string, string>;
  readonly args?: string[];
  readonly port?: number;
}

/** A server process on Redis, once it is ready. Killed when the clean-up runs, if not before. */
export async function startNode(
  redis: string | RedisCluster,
  cleanUp: AsyncDisposableStack,
  { env = {}, args = [], port = 0 }: NodeOptions = {},
): Promise<SpawnedServer> {
  const where: Record<string, string> =
    typeof redis === "string" ? { REDIS_URL: redis } : { REDIS_CLUSTER_NODES: redis.addresses };
  const node = await spawnServer({
    args,
    env: { ...where, PORT: String(port), SHUTDOWN_TIMEOUT: "5", LOG_FORMAT: "json", ...env },
  });
  cleanUp.defer(() => node.stop());
  await until(() => isReady(node.url), 5_000, "a ready server");
  return node;
}

export async function isReady(url: string): Promise<boolean> {
  return (await fetch(`${url}/ready`)).status === 200;
}

/** Several on one Redis, started side by side, each on a port that it can have again. */
export async function startNodes(
  count: number,
  redis: string | RedisCluster,
  cleanUp: AsyncDisposableStack,
  options: NodeOptions = {},
): Promise<SpawnedServer[]> {
  const starts = Array.from({ length: count }, () =>
    startNode(redis, cleanUp, { ...options, port: freePort() }),
  );
  return await Promise.all(starts);
}
