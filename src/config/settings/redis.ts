import { redisNodePattern, redisPortDefault, redisUrlPattern } from "../redis-url.ts";
import { boolean, choice, integer, list, optionalText, text } from "../setting.ts";

/**
 * Where Redis is, and what it is relied on for. Once loaded, `redisUrl` is complete (credentials and `REDIS_HOST`
 * filled in, null where there is none), `redisClusterNodes` are URLs without credentials, and `redisTls`,
 * `redisUsername` and `redisPassword` are what counts, wherever they were given.
 */
export const redisSettings = {
  redisUrl: optionalText({
    name: "REDIS_URL",
    group: "Redis",
    secrecy: "credentials",
    pattern: redisUrlPattern,
    expects:
      "a URL such as redis://user:password@localhost:6379/0 (rediss for TLS), with special characters of the password percent-encoded",
    description: "Redis that relays between processes; without it everything is kept in this one's memory.",
  }),
  redisHost: optionalText({
    name: "REDIS_HOST",
    group: "Redis",
    pattern: /^(?:[A-Za-z0-9_.-]{1,255}|[0-9A-Fa-f:.]{2,45})$/,
    expects:
      "a host name or an IP address, such as localhost (a port belongs into REDIS_PORT, a URL into REDIS_URL)",
    description: "Another way to say REDIS_URL: its host.",
  }),
  redisPort: integer({
    name: "REDIS_PORT",
    group: "Redis",
    default: redisPortDefault,
    minimum: 1,
    maximum: 65_535,
    unit: "",
    description: "The port that goes with REDIS_HOST; alone it is ignored.",
  }),
  redisClusterNodes: list({
    name: "REDIS_CLUSTER_NODES",
    group: "Redis",
    secrecy: "credentials",
    default: [],
    pattern: redisNodePattern,
    expects: "nodes as host:port or redis://host:port, such as redis-1:6379,redis-2:6379",
    description: "Some nodes of a Redis Cluster, instead of REDIS_URL; the others are found through them.",
  }),
  redisUsername: optionalText({
    name: "REDIS_USERNAME",
    group: "Redis",
    // Some write a password in its place in the URL.
    secrecy: "whole",
    pattern: /^.{1,1024}$/s,
    expects: "a user name of at most 1024 characters",
    description: "User to log in as, where the URL names none.",
  }),
  redisPassword: optionalText({
    name: "REDIS_PASSWORD",
    group: "Redis",
    secrecy: "whole",
    pattern: /^.{1,1024}$/s,
    expects: "a password of at most 1024 characters",
    description: "Password to log in with, where the URL has none.",
  }),
  redisTls: boolean({
    name: "REDIS_TLS",
    group: "Redis",
    default: false,
    description: "TLS with REDIS_HOST and REDIS_CLUSTER_NODES; in REDIS_URL rediss:// says it.",
  }),
  redisTlsCa: optionalText({
    name: "REDIS_TLS_CA",
    group: "Redis",
    pattern: /^[^\0]{1,4096}$/,
    expects: "the path of a file",
    description: "File with the certificates (PEM) that Redis' own may be signed with, beside the system's.",
  }),
  redisPrefix: text({
    name: "REDIS_PREFIX",
    group: "Redis",
    default: "fanfare:",
    // `{` and `}` mark what decides the slot in a Redis Cluster.
    pattern: /^[!-z|~]{1,64}$/,
    expects: "1 to 64 characters of ASCII without blanks and braces, such as fanfare:",
    description: "Every key and channel in Redis begins with it; servers with different ones share nothing.",
  }),
  redisDown: choice({
    name: "REDIS_DOWN",
    group: "Redis",
    default: "fail",
    choices: ["fail", "local"],
    description:
      "While Redis is out of reach publishing fails, or reaches this process' clients alone, without history.",
  }),
  redisDurable: choice({
    name: "REDIS_DURABLE",
    group: "Redis",
    default: "auto",
    choices: ["auto", "yes", "no"],
    synonyms: { true: "yes", on: "yes", "1": "yes", false: "no", off: "no", "0": "no" },
    description:
      "Whether Redis keeps every write across its restart; if not, a restart begins new epochs. auto asks Redis.",
  }),
} as const;
