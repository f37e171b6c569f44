/** Where what listens on this address is reached from this machine, without a trailing slash. */
export function reachableUrl(host: string, port: number): string {
  return `http://${reachableHost(host)}:${port}`;
}

/** An address that stands for all of them is reached on the loopback one. */
function reachableHost(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "localhost") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
