import type { Socket, SocketHandler } from "bun";
import { Pipe, type Treatment } from "./pipe.ts";

/** The client is who connects to the proxy, the server whom the proxy connects to. */
export type Direction = "to server" | "to client";

interface Side {
  /** What this side says. */
  readonly out: Pipe;
  /** What this side is told. */
  readonly in: Pipe;
}

const untouched: Treatment = { isBlocked: false, delayMs: 0, sliceBytes: 0 };

/** A TCP relay to a port of this machine, with which a test can do to connections what networks do. */
export class TcpProxy {
  readonly port: number;
  /** What the server said to all clients so far. */
  bytesToClients = 0;
  readonly #listener: Bun.TCPSocketListener<Side | null>;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket<Side>>();
  readonly #treatments: Record<Direction, Treatment> = { "to server": untouched, "to client": untouched };
  #isRefusing = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    const handler = this.#handler();
    this.#listener = Bun.listen<Side | null>({
      hostname: "127.0.0.1",
      port: 0,
      data: null,
      socket: { ...(handler as SocketHandler<Side | null>), open: (socket) => this.#accept(socket) },
    });
    this.port = this.#listener.port;
  }

  static start(targetPort: number): TcpProxy {
    return new TcpProxy(targetPort);
  }

  /** Open ends: two for each connection that passes. */
  get openEnds(): number {
    return this.#sockets.size;
  }

  /** Resets every connection; new ones are welcome. */
  cutConnections(): void {
    const all = [...this.#sockets];
    this.#sockets.clear();
    for (const socket of all) socket.terminate();
  }

  /** Resets new connections until `heal`; those that are there go on. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Resets every connection, and new ones until `heal`. */
  cut(): void {
    this.refuse();
    this.cutConnections();
  }

  /** Connections stay open and new ones open, but nothing passes until `heal`, and then everything. */
  blackhole(...directions: readonly Direction[]): void {
    this.#treat(directions, { isBlocked: true });
  }

  /** Everything that arrives from now on passes that much later, in both directions. */
  delay(delayMs: number): void {
    this.#treat([], { delayMs });
  }

  /** Everything passes in pieces, in both directions. */
  slice(sliceBytes: number): void {
    this.#treat([], { sliceBytes });
  }

  /** Ends all of the above. */
  heal(): void {
    this.#isRefusing = false;
    this.#treat([], untouched);
  }

  stop(): void {
    this.#listener.stop(true);
    this.cutConnections();
  }

  /** @param directions none: both. */
  #treat(directions: readonly Direction[], change: Partial<Treatment>): void {
    const chosen = directions.length > 0 ? directions : (["to server", "to client"] as const);
    for (const direction of chosen) {
      this.#treatments[direction] = { ...this.#treatments[direction], ...change };
    }
    for (const socket of this.#sockets) socket.data.in.flush();
  }

  #accept(client: Socket<Side | null>): void {
    if (this.#isRefusing) {
      client.terminate();
      return;
    }
    const toServer = new Pipe(() => this.#treatments["to server"]);
    const toClient = new Pipe(() => this.#treatments["to client"]);
    client.data = { out: toServer, in: toClient };
    this.#sockets.add(client as Socket<Side>);
    toClient.attach(client);
    const connecting = Bun.connect<Side>({
      hostname: "127.0.0.1",
      port: this.#targetPort,
      data: { out: toClient, in: toServer },
      socket: {
        ...this.#handler(),
        data: (_server, bytes) => {
          this.bytesToClients += bytes.length;
          toClient.push(bytes);
        },
        open: (server) => {
          if (!this.#sockets.has(client as Socket<Side>)) {
            server.terminate();
            return;
          }
          this.#sockets.add(server);
          toServer.attach(server);
        },
      },
    });
    // Nobody listens there: so nobody does here.
    connecting.catch(() => client.terminate());
  }

  #handler(): SocketHandler<Side> {
    return {
      data: (socket, bytes) => socket.data.out.push(bytes),
      drain: (socket) => socket.data.in.flush(),
      close: (socket) => {
        this.#sockets.delete(socket);
        // Refused at once, it never was a side.
        socket.data?.out.end();
      },
    };
  }
}
