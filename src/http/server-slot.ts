import type { RequestServer } from "./context.ts";

/** The server that requests come through; it exists only after the application. */
export class ServerSlot {
  #server: RequestServer | null = null;

  set(server: RequestServer): void {
    this.#server = server;
  }

  get(): RequestServer {
    if (this.#server === null) throw new Error("a request was routed before there was a server");
    return this.#server;
  }
}
