/** A port that workers are about to listen on. */
export interface HeldPort {
  readonly port: number;
  /** Workers listen: they keep it from now on. */
  release(): void;
}

/**
 * Makes sure that the address can be listened on, and by nobody else: the workers share the port with each other, and
 * would share it in silence with another server that was started by mistake. A free port is chosen for port 0, and
 * held until it is released. Throws what `Bun.serve` throws.
 */
export function holdPort(hostname: string, port: number): HeldPort {
  const server = Bun.serve({
    hostname,
    port,
    reusePort: port === 0,
    fetch: () => new Response(null, { status: 503 }),
  });
  const held = { port: server.port ?? port, release: () => void server.stop(true) };
  if (port !== 0) held.release();
  return held;
}
