import { formatRedisUrl, parseRedisUrl, type RedisUrl } from "./redis-url.ts";
import { type SettingKey, type SettingValues, settings } from "./schema.ts";
import type { Given } from "./sources.ts";
import { concealText } from "./values.ts";

const addressKeys = [
  "redisUrl",
  "redisHost",
  "redisPort",
  "redisClusterNodes",
  "redisUsername",
  "redisPassword",
  "redisTls",
] as const;

/** What one setting makes of others: their values, and which setting it was. */
interface Completed {
  readonly values: Partial<SettingValues>;
  readonly reasons: ReadonlyMap<SettingKey, string>;
  readonly errors: readonly string[];
}

const nothing: Completed = { values: {}, reasons: new Map(), errors: [] };

const undecodable = "user or password is no text. Percent-encode it as UTF-8.";

const sourceRank = { flag: 0, environment: 1, ".env": 2 } as const;

/**
 * Which of two ways to name Redis counts: the source decides first, then REDIS_URL wins over its parts. A port alone
 * is dropped, and so is `tcp://10.0.0.1:6379`, which Kubernetes sets for any service of the name `redis`.
 */
export function chooseRedisNames(given: ReadonlyMap<SettingKey, Given>): {
  given: ReadonlyMap<SettingKey, Given>;
  warnings: readonly string[];
} {
  const chosen = new Map(given);
  const [url, host, port] = [given.get("redisUrl"), given.get("redisHost"), given.get("redisPort")];
  if (host === undefined || port?.text.startsWith("tcp://")) chosen.delete("redisPort");
  if (url === undefined || host === undefined) return { given: chosen, warnings: [] };
  const hostWins = sourceRank[host.source] < sourceRank[url.source];
  if (hostWins) chosen.delete("redisUrl");
  else for (const key of ["redisHost", "redisPort"] as const) chosen.delete(key);
  if (namesSame(url, host, chosen.get("redisPort") ?? port)) return { given: chosen, warnings: [] };
  const [winner, loser] = hostWins ? [host, url] : [url, host];
  const shown = concealText(settings[hostWins ? "redisHost" : "redisUrl"], winner.text);
  return {
    given: chosen,
    warnings: [
      `${loser.name} (${loser.source}) and ${winner.name} (${winner.source}) both name a Redis: ` +
        `${winner.name}=${shown} counts. Remove ${loser.name}.`,
    ],
  };
}

function namesSame(url: Given, host: Given, port: Given | undefined): boolean {
  const parsed = parseRedisUrl(url.text);
  return parsed !== null && parsed.host === host.text && String(parsed.port) === (port?.text ?? "6379");
}

/**
 * Fills in what one Redis setting says about others: whichever way Redis was named, `redisUrl` or
 * `redisClusterNodes` say it all, and credentials and TLS are those that count.
 */
export function completeRedis(values: SettingValues, invalid: ReadonlySet<SettingKey>): Completed {
  if (addressKeys.some((key) => invalid.has(key))) return nothing;
  const one = completeUrl(values);
  if (values.redisClusterNodes.length === 0) return one;
  const cluster = completeCluster(values);
  return {
    values: { ...one.values, ...cluster.values },
    reasons: new Map([...one.reasons, ...cluster.reasons]),
    errors: [...one.errors, ...cluster.errors],
  };
}

function completeUrl(values: SettingValues): Completed {
  const parsed = values.redisUrl === null ? urlOfHost(values) : parseRedisUrl(values.redisUrl);
  if (parsed === null) return values.redisUrl === null ? nothing : failed(`REDIS_URL: ${undecodable}`);
  const username = parsed.username ?? values.redisUsername;
  const password = parsed.password ?? values.redisPassword;
  return completed(values.redisUrl === null ? "REDIS_HOST" : "REDIS_URL", values, {
    redisUrl: formatRedisUrl({ ...parsed, username, password }),
    redisHost: null,
    redisPort: settings.redisPort.default,
    redisUsername: username,
    redisPassword: password,
    redisTls: parsed.tls || values.redisTls,
  });
}

function urlOfHost({ redisHost, redisPort, redisTls }: SettingValues): RedisUrl | null {
  if (redisHost === null) return null;
  return {
    tls: redisTls,
    username: null,
    password: null,
    host: redisHost.includes(":") ? `[${redisHost}]` : redisHost,
    port: redisPort,
    database: 0,
  };
}

function completeCluster(values: SettingValues): Completed {
  const scheme = values.redisTls ? "rediss" : "redis";
  const nodes = values.redisClusterNodes.map((node) =>
    parseRedisUrl(node.includes("://") ? node : `${scheme}://${node}`),
  );
  const known = nodes.filter((node) => node !== null);
  const [first] = known;
  if (first === undefined || known.length < nodes.length) {
    return failed(`REDIS_CLUSTER_NODES: ${undecodable}`);
  }
  const problems: string[] = [];
  if (known.some(({ database }) => database !== 0)) {
    problems.push("a Redis Cluster has database 0 alone. Remove the number behind the port.");
  }
  const redisTls = values.redisTls || known.some(({ tls }) => tls);
  if (known.some(({ tls }) => tls !== redisTls)) {
    problems.push("nodes with TLS and nodes without it do not go together. Write all as rediss://, or none.");
  }
  const credentials = new Set(known.map(({ username, password }) => JSON.stringify([username, password])));
  if (credentials.size > 1) {
    problems.push(
      "all nodes need the same user and password. Give REDIS_USERNAME and REDIS_PASSWORD instead.",
    );
  }
  if (problems.length > 0) return failed(...problems.map((problem) => `REDIS_CLUSTER_NODES: ${problem}`));
  return completed("REDIS_CLUSTER_NODES", values, {
    redisClusterNodes: known.map((node) => formatRedisUrl({ ...node, username: null, password: null })),
    redisUsername: first.username ?? values.redisUsername,
    redisPassword: first.password ?? values.redisPassword,
    redisTls,
  });
}

/** What is new to a setting has the one that said it as its reason. */
function completed(source: string, before: SettingValues, values: Partial<SettingValues>): Completed {
  const changed = (Object.keys(values) as SettingKey[]).filter((key) => !before[key]);
  return { values, reasons: new Map(changed.map((key) => [key, source])), errors: [] };
}

function failed(...errors: string[]): Completed {
  return { ...nothing, errors };
}
