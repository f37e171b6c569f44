/** What a Redis URL says, percent-encoding undone. */
export interface RedisUrl {
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** A name or an address, an IPv6 one in brackets. */
  readonly host: string;
  readonly port: number;
  readonly database: number;
}

export const redisPortDefault = 6379;

const name = "[A-Za-z0-9_.-]{1,255}";
const ipv6 = String.raw`\[[0-9A-Fa-f:.]{2,45}\]`;
const port = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";
const credential = "(?:[^:/?#@%\\s]|%[0-9A-Fa-f]{2}){0,1024}";
const address = `(${name}|${ipv6})(?::(${port}))?`;

/** `redis://user:password@host:6379/0`, of which all but the host may be absent; `rediss` is TLS. */
export const redisUrlPattern = new RegExp(
  `^(rediss?)://(?:(${credential})(?::(${credential}))?@)?${address}(?:/([0-9]{1,5})?)?$`,
);

/** A node of a Redis Cluster: such a URL, or its `host:port` alone. */
export const redisNodePattern = new RegExp(`${redisUrlPattern.source}|^(?:${name}|${ipv6}):(?:${port})$`);

/** Null: not such a URL, or not UTF-8 once its percent-encoding is undone. */
export function parseRedisUrl(text: string): RedisUrl | null {
  const match = redisUrlPattern.exec(text);
  if (match === null) return null;
  const [, scheme, username = "", password = "", host = "", portText, database = "0"] = match;
  try {
    return {
      tls: scheme === "rediss",
      username: decodeURIComponent(username) || null,
      password: decodeURIComponent(password) || null,
      host,
      port: portText === undefined ? redisPortDefault : Number(portText),
      database: Number(database),
    };
  } catch {
    return null;
  }
}

export function formatRedisUrl({ tls, username, password, host, port, database }: RedisUrl): string {
  const user = encodeURIComponent(username ?? "");
  const secret = password === null ? "" : `:${encodeURIComponent(password)}`;
  const credentials = user + secret === "" ? "" : `${user}${secret}@`;
  return `${tls ? "rediss" : "redis"}://${credentials}${host}:${port}/${database}`;
}

/**
 * The text as it may be shown: everything up to the last `@` may be a password, also where the text is no valid
 * URL, and so may a query.
 */
export function concealCredentials(text: string): string {
  const at = text.lastIndexOf("@");
  const shown = at === -1 ? text : `${/^[a-z]{1,10}:\/\//.exec(text)?.[0] ?? ""}***${text.slice(at)}`;
  return shown.replace(/[?#].*$/s, "***");
}
