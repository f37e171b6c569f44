import { createClient } from "redis";

/** Address and credentials of one Redis process, as the client library takes them. */
export type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;

export type Client = ReturnType<typeof createClient>;

/** A client that connects once and queues nothing: making it anew is its owner's business, who knows what is lost. */
export function createOnce(options: ClientOptions, connectDeadlineMs: number): Client {
  return createClient({
    ...options,
    disableOfflineQueue: true,
    socket: { ...options.socket, connectTimeout: connectDeadlineMs, reconnectStrategy: false },
  } as ClientOptions);
}

/** Ends a client whatever state it is in. */
export function destroyClient(client: Client): void {
  try {
    client.destroy();
  } catch {
    // It was not open; there is nothing to end.
  }
}
