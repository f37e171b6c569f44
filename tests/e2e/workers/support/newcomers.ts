import { WebSocketClient } from "../../../support/websocket-client.ts";

/** Connects again and again, by WebSocket and by HTTP, each time anew, until it is stopped. */
export class Newcomers {
  readonly failures: string[] = [];
  connected = 0;
  readonly #url: string;
  readonly #loops: Promise<void>[];
  #isStopped = false;

  constructor(url: string, pauseMs = 20) {
    this.#url = url;
    this.#loops = [() => this.#connect(), () => this.#ask()].map(async (once) => {
      while (!this.#isStopped) {
        await once();
        await Bun.sleep(pauseMs);
      }
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #connect(): Promise<void> {
    try {
      const client = await WebSocketClient.welcomed(this.#url, "topics=");
      this.connected++;
      await client.close();
    } catch (error) {
      this.failures.push(`WebSocket: ${(error as Error).message}`);
    }
  }

  async #ask(): Promise<void> {
    try {
      const response = await fetch(`${this.#url}/ready`, { keepalive: false });
      await response.text();
      if (response.status === 200) this.connected++;
      else this.failures.push(`HTTP: ${response.status}`);
    } catch (error) {
      this.failures.push(`HTTP: ${(error as Error).message}`);
    }
  }
}
