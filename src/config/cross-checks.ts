import { admissionRules } from "./admission-rules.ts";
import { authRules } from "./auth-rules.ts";
import type { Config } from "./config.ts";
import type { Rule } from "./rule.ts";
import type { SettingKey } from "./schema.ts";

/** Descriptors that are not connections': log files, listeners, Redis, and some room. */
const RESERVED_FILE_DESCRIPTORS = 256;

const RESERVED_PATHS: ReadonlySet<string> = new Set([
  "alerts",
  "asyncapi.json",
  "docs",
  "events",
  "health",
  "messages",
  "metrics",
  "nodes",
  "notify",
  "publish",
  "ready",
  "revocations",
  "sse",
  "status",
  "topics",
  "users",
]);

/** Where other routes take a POST. */
const PUBLISHING_PATHS = ["/alerts", "/notify", "/publish", "/publish/batch"];

const rules: readonly Rule[] = [
  ...authRules,
  ...admissionRules,
  {
    severity: "error",
    keys: ["workers"],
    breaks: (config) => config.workers > 1 && !hasRedis(config),
    reason: "several processes need Redis to relay between them, and none is named",
    remedy: "Set WORKERS=1, or REDIS_URL (or REDIS_CLUSTER_NODES).",
  },
  {
    severity: "error",
    keys: ["workers"],
    breaks: (config) => config.workers > 1 && config.mode === "dev",
    reason: "--dev runs one process",
    remedy: "Leave out --workers or --dev.",
  },
  {
    severity: "error",
    keys: ["workers", "reload"],
    breaks: (config) => config.workers > 1 && config.reload && config.mode !== "dev",
    reason: "a change of a source file restarts one process",
    remedy: "Set WORKERS=1, or leave RELOAD out.",
  },
  {
    severity: "error",
    keys: ["redisUrl", "redisClusterNodes"],
    breaks: ({ redisUrl, redisClusterNodes }) => redisUrl !== null && redisClusterNodes.length > 0,
    reason: "they exclude each other",
    remedy: "Remove REDIS_CLUSTER_NODES, or REDIS_URL (REDIS_HOST).",
  },
  {
    severity: "error",
    keys: ["redisTls", "redisUrl"],
    breaks: (config) => config.redisTls && config.redisUrl?.startsWith("redis:") === true,
    reason: "one says TLS, the other none",
    remedy: "Write the URL with rediss://, or leave REDIS_TLS out.",
  },
  {
    severity: "warning",
    keys: ["redisTlsCa"],
    breaks: (config) => config.redisTlsCa !== null && !config.redisTls,
    reason: "it has no effect without TLS",
    remedy: "Write REDIS_URL with rediss://, or set REDIS_TLS=true.",
  },
  {
    severity: "error",
    keys: ["pingTimeoutMs", "pingIntervalMs"],
    breaks: (config) => config.pingTimeoutMs > config.pingIntervalMs,
    reason: "the answer to a PING must be due before the next one is sent",
    remedy: "Lower PING_TIMEOUT or raise PING_INTERVAL.",
  },
  {
    severity: "error",
    keys: ["maxFrameBytes", "backpressureLimitBytes"],
    breaks: (config) => config.maxFrameBytes > config.backpressureLimitBytes,
    reason: "one frame of that size would close every subscriber it is sent to",
    remedy: "Lower MAX_FRAME or raise BACKPRESSURE_LIMIT.",
  },
  {
    severity: "error",
    keys: ["maxBodyBytes", "backpressureLimitBytes"],
    breaks: (config) => config.maxBodyBytes > config.backpressureLimitBytes,
    reason: "one publication of that size would close every subscriber it is sent to",
    remedy: "Lower MAX_BODY or raise BACKPRESSURE_LIMIT.",
  },
  {
    severity: "error",
    keys: ["historyTopicBytes", "historyBytesMax"],
    breaks: (config) => config.historyTopicBytes > config.historyBytesMax,
    reason: "one topic's history may not be larger than all histories together",
    remedy: "Lower HISTORY_TOPIC_BYTES or raise HISTORY_BYTES_MAX.",
  },
  {
    severity: "error",
    keys: ["wsPath"],
    breaks: (config) => RESERVED_PATHS.has(config.wsPath.split("/")[1] ?? ""),
    reason: "the path belongs to another route of the server",
    remedy: "Choose another path, such as WS_PATH=/ws.",
  },
  {
    severity: "error",
    keys: ["wsPath", "ssePath", "sseBatchPath"],
    breaks: ({ wsPath, ssePath, sseBatchPath }) => {
      const paths = [...PUBLISHING_PATHS, wsPath, `${ssePath}/push`, `${ssePath}/send`, sseBatchPath];
      return new Set(paths).size < paths.length;
    },
    reason: "two routes would have the same address, and one of them would be out of reach",
    remedy: "Choose other paths, such as SSE_BATCH_PATH=/sse/push/batch.",
  },
  {
    severity: "warning",
    keys: ["maxConnections"],
    breaks: (config, { fileDescriptorLimit: limit }) =>
      limit !== undefined && config.maxConnections > connectionsWithin(limit),
    reason: "this process may not open enough files for so many connections and its own needs",
    remedy: "Raise the limit (ulimit -n) or lower MAX_CONNECTIONS.",
  },
  {
    severity: "warning",
    keys: ["reload"],
    breaks: (config) => config.mode === "prod" && config.reload,
    reason: "with --prod, every change of a source file cuts all connections",
    remedy: "Leave RELOAD out in production.",
  },
];

/** Whether there is a Redis that processes can meet at. */
export function hasRedis({ redisUrl, redisClusterNodes }: Config): boolean {
  return redisUrl !== null || redisClusterNodes.length > 0;
}

/** The connections a process has descriptors for; under a low limit, half of it. */
export function connectionsWithin(fileDescriptorLimit: number): number {
  const half = Math.max(1, Math.floor(fileDescriptorLimit / 2));
  return Math.max(fileDescriptorLimit - RESERVED_FILE_DESCRIPTORS, half);
}

/** Compares the settings with each other. `describe` says a setting's value and where it comes from. */
export function crossCheck(
  config: Config,
  options: {
    readonly invalid: ReadonlySet<SettingKey>;
    readonly fileDescriptorLimit: number | undefined;
    readonly describe: (key: SettingKey) => string;
  },
): { errors: string[]; warnings: string[] } {
  const found = { errors: [] as string[], warnings: [] as string[] };
  for (const rule of rules) {
    if (rule.keys.some((key) => options.invalid.has(key)) || !rule.breaks(config, options)) continue;
    const message = `${(rule.named ?? rule.keys).map(options.describe).join(" with ")}: ${rule.reason}. ${rule.remedy}`;
    (rule.severity === "error" ? found.errors : found.warnings).push(message);
  }
  return found;
}
