/** Why the server cannot listen, and what to do; null where the error is about something else. */
export function describeListenFailure(
  address: { host: string; port: number },
  error: unknown,
): string | null {
  const { code, message, address: other } = error as { code?: string; message: string; address?: string };
  if (code === undefined) return null;
  const remedy =
    other === undefined ? remedyOf(code, "--host", "--port") : remedyOf(code, "ADMIN_HOST", "ADMIN_PORT");
  return `Cannot listen on ${other ?? `${address.host}:${address.port}`}: ${remedy ?? message}`;
}

/** What to do, by the system's code; `host` and `port` are what sets the address. */
function remedyOf(code: string, host: string, port: string): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `another program uses that port. Stop it, or choose another port with ${port}.`;
    case "EACCES":
      return `not permitted. Choose a port above 1023 with ${port}.`;
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return `not an address of this machine. Give one with ${host}, or leave it out for all of them.`;
    default:
      return undefined;
  }
}
