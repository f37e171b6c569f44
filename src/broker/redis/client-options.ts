import type { ClientOptions } from "./redis-client.ts";
import type { RedisOptions } from "./redis-options.ts";

/** How the client library is told to reach one Redis process; `url` names it. */
export function clientOptions(options: RedisOptions, url: string): ClientOptions {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const tls = options.tls || protocol === "rediss:";
  const database = Number(pathname.slice(1));
  const user = decodeURIComponent(username) || options.username;
  const secret = decodeURIComponent(password) || options.password;
  return {
    name: "fanfare",
    ...(user === null || user === "" ? {} : { username: user }),
    ...(secret === null || secret === "" ? {} : { password: secret }),
    ...(database > 0 ? { database } : {}),
    socket: {
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port === "" ? 6379 : Number(port),
      ...(tls ? { tls: true, ...(options.tlsAuthority === null ? {} : { ca: options.tlsAuthority }) } : {}),
    },
  } as ClientOptions;
}
