import { freePort } from "./free-port.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { until } from "./until.ts";

export interface RedisClusterOptions {
  /** A replica for each master, which takes its place when it is lost. Default: none. */
  readonly withReplicas?: boolean;
  readonly persistence?: "none" | "aof";
  /** More arguments of each redis-server, as `["--cluster-require-full-coverage", "no"]`. */
  readonly args?: readonly string[];
}

const mastersCount = 3;
const slotsCount = 16_384;
const patienceMs = 15_000;
/** How long a node may be silent before the others take it for lost; Redis' own default is 15 seconds. */
const nodeTimeoutMs = 1_000;

/** Starts three masters on the loopback device as one Redis Cluster; resolves when all of them call it whole. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  const cluster = new RedisCluster(nodes);
  try {
    const count = mastersCount * (options.withReplicas === true ? 2 : 1);
    while (nodes.length < count) nodes.push(await startNode(options));
    await giveSlots(nodes.slice(0, mastersCount));
    await introduce(nodes);
    const followers = nodes.slice(mastersCount);
    await Promise.all(followers.map((replica, index) => follow(replica, nodes[index]!)));
    await cluster.waitUntilWhole();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Masters first, then the replica of each, where there are any. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];

  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  /** What `REDIS_CLUSTER_NODES` takes. */
  get addresses(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  }

  async killOne(index = 0): Promise<void> {
    await this.nodes[index]!.kill();
  }

  /** Brings it back, with its place in the cluster. */
  async restartOne(index = 0): Promise<void> {
    await this.nodes[index]!.restart();
  }

  /** Which of the nodes holds a key's slot now, by the account of the first that runs. */
  async holderOf(key: string): Promise<number> {
    const witness = this.#running()[0]!;
    const slot = Number(await witness.cli("CLUSTER", "KEYSLOT", key));
    const lines = (await witness.cli("CLUSTER", "NODES")).split("\n");
    const holder = lines.find((line) =>
      line
        .split(" ")
        .slice(8)
        .some((range) => includes(range, slot)),
    );
    const port = Number(/:(\d+)@/.exec(holder ?? "")?.[1]);
    return this.nodes.findIndex((node) => node.port === port);
  }

  /** Until every node that runs can serve every slot, and every replica is in step with its master. */
  async waitUntilWhole(): Promise<void> {
    const isWhole = async (node: RedisServer) => {
      const [cluster, replication] = await Promise.all([
        node.cli("CLUSTER", "INFO"),
        node.cli("INFO", "replication"),
      ]);
      return (
        cluster.includes("cluster_state:ok") &&
        cluster.includes(`cluster_known_nodes:${this.nodes.length}`) &&
        !replication.includes("master_link_status:down")
      );
    };
    const areWhole = async () => (await Promise.all(this.#running().map(isWhole))).every(Boolean);
    await until(areWhole, patienceMs, "a whole Redis Cluster");
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #running(): RedisServer[] {
    return this.nodes.filter((node) => node.isRunning);
  }
}

async function startNode({ persistence = "none", args = [] }: RedisClusterOptions): Promise<RedisServer> {
  return await startRedis({
    persistence,
    args: [
      ...["--cluster-enabled", "yes", "--cluster-port", String(freePort())],
      ...["--cluster-node-timeout", String(nodeTimeoutMs), "--repl-diskless-sync-delay", "0", ...args],
    ],
  });
}

async function giveSlots(masters: readonly RedisServer[]): Promise<void> {
  const share = Math.ceil(slotsCount / masters.length);
  for (const [index, master] of masters.entries()) {
    const last = Math.min((index + 1) * share, slotsCount) - 1;
    await master.cli("CLUSTER", "ADDSLOTSRANGE", String(index * share), String(last));
    // Without it all begin with the same one, and quarrel over it first.
    await master.cli("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
  }
}

async function introduce(nodes: readonly RedisServer[]): Promise<void> {
  const [first, ...others] = nodes;
  for (const node of others) {
    const busPort = await busPortOf(first!);
    await node.cli("CLUSTER", "MEET", "127.0.0.1", String(first!.port), busPort);
  }
  const known = async (node: RedisServer) =>
    (await node.cli("CLUSTER", "INFO")).includes(`cluster_known_nodes:${nodes.length}`);
  const allKnown = async () => (await Promise.all(nodes.map(known))).every(Boolean);
  await until(allKnown, patienceMs, "each node knowing all others");
}

async function busPortOf(node: RedisServer): Promise<string> {
  const lines = (await node.cli("CONFIG", "GET", "cluster-port")).split("\n");
  return lines[1]!;
}

async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  const id = await master.cli("CLUSTER", "MYID");
  await replica.cli("CLUSTER", "REPLICATE", id);
}

/** @param range as CLUSTER NODES shows it: "5462-10922" or "7". */
function includes(range: string, slot: number): boolean {
  const [first, last = first] = range.split("-").map(Number);
  return first !== undefined && slot >= first && slot <= last!;
}
