import type { SeededRandom } from "./seeded-random.ts";

export interface ChurnOptions {
  readonly urls: readonly string[];
  readonly random: SeededRandom;
  readonly connectionsPerSecond: number;
}

const tickMs = 20;
/** How long each client stays. */
const stayMs = [50, 3_000] as const;

/**
 * Clients that come, subscribe to topics that nobody had before and to some that others have, publish, and go: in
 * order, or by closing while commands are under way.
 */
export class Churn {
  readonly #options: ChurnOptions;
  readonly #open = new Set<WebSocket>();
  readonly #timer: Timer;
  #owed = 0;
  /** Clients that were let in. */
  count = 0;

  constructor(options: ChurnOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const socket of this.#open) socket.close();
  }

  #tick(): void {
    this.#owed += (this.#options.connectionsPerSecond * tickMs) / 1000;
    for (; this.#owed >= 1; this.#owed--) this.#come();
  }

  #come(): void {
    const { random, urls } = this.#options;
    const name = `visit-${random.integer(0, 2 ** 31)}`;
    const topics = [name, `room-${random.integer(0, 20)}`];
    const query = `topics=${topics.join(",")}&user_id=${name}`;
    const socket = new WebSocket(`${random.pick(urls).replace(/^http/, "ws")}/ws?${query}`);
    this.#open.add(socket);
    socket.addEventListener("open", () => {
      this.count += 1;
      for (const topic of topics) {
        socket.send(
          JSON.stringify({ type: "publish", id: 1, topic, message: "x".repeat(random.integer(1, 2_000)) }),
        );
      }
      socket.send(JSON.stringify({ type: "history", id: 2, topic: topics[1], limit: 10 }));
      setTimeout(() => socket.close(), random.integer(...stayMs));
    });
    socket.addEventListener("close", () => this.#open.delete(socket));
  }
}
