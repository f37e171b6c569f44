/** What a Redis process is, as far as the order of publications depends on it. */
export interface Generation {
  /** Another one: what was written before may be lost. `[A-Za-z0-9-]`. */
  readonly id: string;
  /** How far its clock is ahead of this machine's, in milliseconds. */
  readonly clockAheadMs: number;
}

type Send = (args: readonly string[]) => Promise<unknown>;

/**
 * Asks a Redis process who it is. One that writes everything to disk before it answers stays the same through a
 * restart; any other is a new one each time it starts. A replica that was promoted may never have had all.
 */
export async function readGeneration(
  send: Send,
  { durable, isCluster }: { durable: "auto" | "yes" | "no"; isCluster: boolean },
  now: () => number = Date.now,
): Promise<Generation> {
  const [server, replication, appendOnly] = await Promise.all([
    send(["INFO", "server"]).then(parseInfo),
    send(["INFO", "replication"]).then(parseInfo),
    durable === "auto" ? send(["CONFIG", "GET", "append*"]).then(parseSettings, () => null) : null,
  ]);
  checkServer(server, isCluster);
  if (replication.get("role") === "slave") throw new Error("READONLY this Redis is a replica");
  const clockAheadMs = await measureClock(send, now);
  const runId = identifier(server.get("run_id"));
  if (durable === "yes") return { id: "durable", clockAheadMs };
  const writesFirst = appendOnly?.get("appendonly") === "yes" && appendOnly.get("appendfsync") === "always";
  if (!writesFirst) return { id: `run-${runId}`, clockAheadMs };
  const promotedFrom = identifier(replication.get("master_replid2"));
  return { id: `durable-${promotedFrom}`, clockAheadMs };
}

/** Questions of which the one that was answered fastest counts: a busy moment would pass for a difference. */
const clockQuestions = 3;

async function measureClock(send: Send, now: () => number): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  let aheadMs = 0;
  for (let count = 0; count < clockQuestions; count++) {
    const askedAt = now();
    const time = parseTime(await send(["TIME"]));
    const answeredAt = now();
    if (answeredAt - askedAt >= shortestMs) continue;
    shortestMs = answeredAt - askedAt;
    aheadMs = time - (askedAt + answeredAt) / 2;
  }
  return aheadMs;
}

/** Streams are trimmed in a way that is as old as this; sharded channels came with the second. */
const oldestVersion = [6, 2] as const;
const oldestClusterVersion = [7, 0] as const;

/** Says what is wrong with a server that would fail later, in words that nobody would understand. */
function checkServer(server: ReadonlyMap<string, string>, isCluster: boolean): void {
  if (!isCluster && server.get("redis_mode") === "cluster") {
    throw new Error("it is a node of a Redis Cluster: set REDIS_CLUSTER_NODES instead of REDIS_URL");
  }
  const version = server.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor, neededMinor] = isCluster ? oldestClusterVersion : oldestVersion;
  if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
    throw new Error(`Redis ${version} is too old: ${neededMajor}.${neededMinor} or newer is needed`);
  }
}

function parseInfo(reply: unknown): Map<string, string> {
  const lines = String(reply).split(/\r?\n/);
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const separator = line.indexOf(":");
      return separator > 0 ? [[line.slice(0, separator), line.slice(separator + 1)]] : [];
    }),
  );
}

/** A flat list of names and values, or an object of them. */
function parseSettings(reply: unknown): Map<string, string> {
  if (reply instanceof Map) return new Map([...reply].map(([name, value]) => [String(name), String(value)]));
  if (!Array.isArray(reply)) return new Map(Object.entries((reply ?? {}) as Record<string, string>));
  const settings = new Map<string, string>();
  for (let index = 0; index + 1 < reply.length; index += 2) {
    settings.set(String(reply[index]), String(reply[index + 1]));
  }
  return settings;
}

function parseTime(reply: unknown): number {
  const [seconds, microseconds] = reply as [string, string];
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}

/** It becomes part of a script: nothing but letters and digits comes in. */
function identifier(text: string | undefined): string {
  const id = text?.replace(/[^A-Za-z0-9]/g, "").slice(0, 64) ?? "";
  if (id === "") throw new Error("Redis does not say who it is (INFO server: run_id)");
  return id;
}
