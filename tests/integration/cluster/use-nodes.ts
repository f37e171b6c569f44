import { afterAll, afterEach, beforeAll } from "bun:test";
import type { Config } from "../../../src/config/index.ts";
import type { RunningServer } from "../../../src/lifecycle/server.ts";
import { BridgeCaller, EventReader } from "../../e2e/seeds/support/bridge-caller.ts";
import { type RedisServer, startRedis } from "../../support/redis-server.ts";
import { startTestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

export type Client = WebSocketClient & { readonly welcome: Frame };

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields the answer has.
  readonly body: any;
}

export interface NodesInUse {
  readonly redis: RedisServer;
  url(node: number): string;
  /** Connects and takes the welcome; the client is closed after the test. */
  connect(node: number, query?: string): Promise<Client>;
  /** Reads an event stream from its beginning; it ends after the test. */
  read(node: number, query: string): Promise<EventReader>;
  /** Asks a user; the answer's stream ends after the test. */
  send(node: number, body: object): Promise<EventReader>;
  post(node: number, path: string, body?: unknown): Promise<Answer>;
  get(node: number, path: string): Promise<Answer>;
}

/** Nodes in this process that share a Redis, for all tests of a file; each a server with its own sockets. */
export function useNodes(count: number, overrides: Partial<Config> = {}): NodesInUse {
  let redis: RedisServer;
  let servers: RunningServer[] = [];
  const leaving: (() => unknown)[] = [];
  const url = (node: number) => servers[node]!.url;
  beforeAll(async () => {
    redis = await startRedis();
    servers = await startNodes(count, redis, overrides);
  });
  afterEach(async () => {
    await Promise.all(leaving.splice(0).map((leave) => leave()));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await redis?.stop();
  });
  const answered = async (response: Response): Promise<Answer> => ({
    status: response.status,
    body: await response.json(),
  });
  return {
    get redis() {
      return redis;
    },
    url,
    async connect(node, query = "topics=") {
      const client = await WebSocketClient.welcomed(url(node), query);
      leaving.push(() => client.close());
      return client;
    },
    async read(node, query) {
      const stream = await EventReader.open(`${url(node)}/events?${query}`);
      leaving.push(() => stream.abort());
      await stream.next("subscribed");
      return stream;
    },
    async send(node, body) {
      const answers = await new BridgeCaller(url(node)).send(body);
      leaving.push(() => answers.abort());
      return answers;
    },
    async post(node, path, body) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      return await answered(await fetch(url(node) + path, { method: "POST", ...text }));
    },
    get: async (node, path) => await answered(await fetch(url(node) + path)),
  };
}

/** Starts nodes; resolves when each of them knows all and serves. */
export async function startNodes(
  count: number,
  redis: Pick<RedisServer, "url"> | null,
  overrides: Partial<Config> = {},
): Promise<RunningServer[]> {
  const where = redis === null ? {} : { redisUrl: redis.url };
  const servers = await Promise.all(
    Array.from({ length: count }, () => startTestServer({ ...where, ...overrides })),
  );
  for (const { url } of servers) {
    await until(async () => (await fetch(`${url}/ready`)).status === 200, 5000, "readiness");
    const known = async () =>
      ((await (await fetch(`${url}/nodes`)).json()) as { nodes: unknown[] }).nodes.length;
    await until(async () => (await known()) === count, 5000, "knowledge of all nodes");
  }
  return servers;
}
