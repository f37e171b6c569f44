import type { Server } from "bun";
import type { Log } from "../telemetry/log.ts";
import type { WebSocketLink } from "../transport/websocket-link.ts";
import type { OpenFiles } from "./open-files.ts";

type BunServer = Server<WebSocketLink>;

/** What is needed to accept those who are in the queue. */
const acceptMs = 20;

/** How often the open files are looked at. */
const checkEveryMs = 250;

/**
 * The listening socket, which gives way when file descriptors run out: a listener that cannot accept makes the
 * event loop spin, so it is closed until there is room again. Those who are connected stay; a server that no
 * longer listens goes on serving its sockets, and is published to as long as it has any.
 */
export class Listener {
  readonly #listen: (port: number) => BunServer;
  readonly #ports: { openFiles: OpenFiles; log: Log };
  /** Those that have sockets; the last one listens, if any does. */
  #servers: BunServer[];
  readonly #port: number;
  #listening = true;
  readonly #timer: NodeJS.Timeout;

  /** `listen` starts a server on a port; it throws what `Bun.serve` throws. */
  constructor(listen: (port: number) => BunServer, port: number, ports: { openFiles: OpenFiles; log: Log }) {
    this.#listen = listen;
    this.#ports = ports;
    const server = listen(port);
    this.#servers = [server];
    this.#port = server.port ?? port;
    // It also keeps the process alive: without a listener and sockets nothing else would.
    this.#timer = setInterval(() => {
      if (this.#listening) this.#giveWayIfExhausted();
      else this.#listenIfRecovered();
    }, checkEveryMs);
  }

  get port(): number {
    return this.#port;
  }

  /** To every WebSocket that reads the native topic. */
  publish(native: string, text: string): void {
    for (const server of this.#servers) server.publish(native, text);
  }

  /** Stops listening, for good: other processes listen on the port. Those who are connected stay. */
  async handOver(): Promise<void> {
    clearInterval(this.#timer);
    // Connections that the system has accepted for this process, and it not yet, would be reset.
    await Bun.sleep(acceptMs);
    for (const server of this.#servers) void server.stop(false);
  }

  /** Stops listening; resolves when the requests that are under way have been answered. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#servers.map((server) => server.stop(false)));
  }

  /** Cuts off whoever is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }

  #giveWayIfExhausted(): void {
    const { log, openFiles } = this.#ports;
    if (!openFiles.isExhausted) return;
    this.#listening = false;
    void this.#servers.at(-1)?.stop(false);
    const remedy = "raise the limit of open files (ulimit -n) or lower MAX_CONNECTIONS";
    log.error({}, `nearly out of file descriptors: not accepting connections until some are free; ${remedy}`);
  }

  #listenIfRecovered(): void {
    const { log, openFiles } = this.#ports;
    if (!openFiles.hasRecovered) return;
    try {
      const server = this.#listen(this.#port);
      this.#servers = [...this.#servers.filter((earlier) => earlier.pendingWebSockets > 0), server];
      this.#listening = true;
      log.warning({}, "file descriptors are free again: accepting connections");
    } catch (error) {
      // Somebody else may hold the port for a moment; the next check tries again.
      log.debug({ error }, "cannot listen again yet");
    }
  }
}
