import { freePort } from "../../support/free-port.ts";
import { type SpawnedServer, spawnServer } from "../../support/server.ts";

export interface NodeOptions {
  /** Settings beyond where Redis is. */
  readonly env?: Record<string, string>;
  readonly args?: string[];
  readonly port?: number;
}

/** A server process on Redis, as quiet as it can be. Killed when the clean-up runs, if not before. */
export async function startNode(
  redisUrl: string,
  cleanUp: AsyncDisposableStack,
  { env = {}, args = [], port = 0 }: NodeOptions = {},
): Promise<SpawnedServer> {
  const node = await spawnServer({
    args,
    env: { REDIS_URL: redisUrl, PORT: String(port), SHUTDOWN_TIMEOUT: "5", LOG_FORMAT: "json", ...env },
  });
  cleanUp.defer(() => node.stop());
  return node;
}

/** Several on one Redis, started side by side, each on a port that it can have again. */
export async function startNodes(
  count: number,
  redisUrl: string,
  cleanUp: AsyncDisposableStack,
  options: NodeOptions = {},
): Promise<SpawnedServer[]> {
  const starts = Array.from({ length: count }, () =>
    startNode(redisUrl, cleanUp, { ...options, port: freePort() }),
  );
  return await Promise.all(starts);
}
