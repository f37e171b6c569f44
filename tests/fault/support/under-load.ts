import { type RedisOptions, type RedisServer, startRedis } from "../../support/redis-server.ts";
import type { SpawnedServer } from "../../support/server.ts";
import type { FaultRun } from "./fault-test.ts";
import { Load, type LoadOptions } from "./load.ts";
import { startNodes } from "./nodes.ts";

export interface RunUnderLoad {
  readonly redis: RedisServer;
  readonly nodes: readonly SpawnedServer[];
  readonly load: Load;
}

/** What most faults strike: two servers on one Redis, with publishers and subscribers at both. */
export async function startUnderLoad(
  { cleanUp, random }: FaultRun,
  {
    redis: redisOptions = {},
    env = {},
    ...loadOptions
  }: { redis?: RedisOptions; env?: Record<string, string> } & Omit<LoadOptions, "urls" | "random"> = {},
): Promise<RunUnderLoad> {
  const redis = await startRedis(redisOptions);
  cleanUp.defer(() => redis.stop());
  const nodes = await startNodes(2, redis.url, cleanUp, { env });
  const load = await startLoad(nodes, { ...loadOptions, random }, cleanUp);
  return { redis, nodes, load };
}

/** Load on servers that are there, which ends with the test at the latest. */
export async function startLoad(
  nodes: readonly SpawnedServer[],
  options: Omit<LoadOptions, "urls">,
  cleanUp: AsyncDisposableStack,
): Promise<Load> {
  const load = await Load.start({ urls: nodes.map(({ url }) => url), ...options });
  cleanUp.defer(() => load.close());
  return load;
}
