import type { Socket } from "bun";

interface Side {
  peer: Socket<Side> | null;
  /** What came before the peer was there, or could not take more. */
  waiting: Uint8Array[];
}

/** A TCP relay to a port of this machine, whose connections a test can cut and keep from coming back. */
export interface BreakableProxy {
  readonly url: string;
  /** Cuts every connection and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  stop(): void;
}

export function startBreakableProxy(targetPort: number): BreakableProxy {
  const sockets = new Set<Socket<Side>>();
  let isCut = false;

  const flush = (socket: Socket<Side>) => {
    const { waiting } = socket.data;
    while (waiting.length > 0) {
      const chunk = waiting[0]!;
      const written = socket.write(chunk);
      if (written < chunk.length) {
        waiting[0] = chunk.subarray(Math.max(written, 0));
        return;
      }
      waiting.shift();
    }
  };
  const relay = (socket: Socket<Side>, chunk: Uint8Array) => {
    const { peer } = socket.data;
    const target = peer?.data.waiting ?? socket.data.waiting;
    target.push(new Uint8Array(chunk));
    if (peer !== null) flush(peer);
  };
  const end = (socket: Socket<Side>) => {
    sockets.delete(socket);
    socket.data.peer?.end();
  };

  const listener = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { peer: null, waiting: [] };
        if (isCut) {
          socket.terminate();
          return;
        }
        sockets.add(socket);
        void Bun.connect<Side>({
          hostname: "127.0.0.1",
          port: targetPort,
          data: { peer: socket, waiting: [] },
          socket: {
            open(upstream) {
              sockets.add(upstream);
              // Until now, what came from the client waited on the client's own side.
              upstream.data.waiting.push(...socket.data.waiting.splice(0));
              socket.data.peer = upstream;
              flush(upstream);
            },
            data: relay,
            drain: flush,
            close: end,
          },
        });
      },
      data: relay,
      drain: flush,
      close: end,
    },
  });

  const cutAll = () => {
    for (const socket of sockets) socket.terminate();
    sockets.clear();
  };
  return {
    url: `http://127.0.0.1:${listener.port}`,
    cut() {
      isCut = true;
      cutAll();
    },
    mend() {
      isCut = false;
    },
    stop() {
      listener.stop(true);
      cutAll();
    },
  };
}
