import type { Socket } from "bun";

const endOfHead = Buffer.from("\r\n\r\n");

export interface RawRequest {
  readonly port: number;
  /** The request as it goes over the wire. */
  readonly text: string;
  /** Gets what follows the response's head: frames, or a body. The buffer is reused after the call. */
  readonly onBytes: (bytes: Buffer) => void;
  /** Called when the server ends the connection. */
  readonly onEnd: () => void;
}

/** Sends a request over a bare TCP socket; resolves with it when the head of a response with `status` has come. */
export const openRawRequest = async (request: RawRequest, status: number): Promise<Socket> => {
  const head = Promise.withResolvers<void>();
  let received: Buffer | null = Buffer.alloc(0);
  const onHeadBytes = (bytes: Buffer) => {
    const joined: Buffer = Buffer.concat([received ?? bytes, bytes]);
    received = joined;
    const end = joined.indexOf(endOfHead);
    if (end < 0) return;
    received = null;
    const statusLine = joined.subarray(0, joined.indexOf("\r\n")).toString();
    if (statusLine.split(" ")[1] !== String(status))
      head.reject(new Error(`the server answered: ${statusLine}`));
    else head.resolve();
    const rest = joined.subarray(end + endOfHead.length);
    if (rest.length > 0) request.onBytes(rest);
  };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: request.port,
    socket: {
      data: (_socket, bytes) => {
        if (received === null) request.onBytes(bytes);
        else onHeadBytes(bytes);
      },
      close: () => {
        head.reject(new Error("the server closed before it answered"));
        request.onEnd();
      },
      error: (_socket, error) => head.reject(error),
    },
  });
  socket.write(request.text);
  await head.promise;
  return socket;
};

/** The upgrade to a WebSocket. */
export const upgradeRequest = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "",
    "",
  ].join("\r\n");

/** An event stream as a browser asks for it. */
export const eventStreamRequest = (path: string): string =>
  [`GET ${path} HTTP/1.1`, "Host: localhost", "Accept: text/event-stream", "", ""].join("\r\n");

/** Runs `open` for 0 … count-1, at most `atOnce` of them at a time. */
export const openMany = async <Opened>(
  count: number,
  open: (index: number) => Promise<Opened>,
  atOnce = 50,
): Promise<Opened[]> => {
  const opened: Opened[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      opened[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return opened;
};
