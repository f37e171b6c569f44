const topic = "bench";
const padding = "m".repeat(48);
const setupTimeoutMs = 10_000;
const settleTimeoutMs = 5_000;
const searchPauseMs = 20;

/**
 * Publishes at a steady rate, in turn to each of several processes that relay to each other, and measures for each
 * publication how long it takes until subscribers at all of them have it.
 */
export class LatencyLoad implements Disposable {
  readonly #publishers: readonly WebSocket[];
  readonly #subscribers: readonly WebSocket[];
  readonly #sentAt = new Map<string, { at: number; left: number }>();
  #latencies: number[] = [];
  #count = 0;

  private constructor(publishers: readonly WebSocket[], subscribers: readonly WebSocket[]) {
    this.#publishers = publishers;
    this.#subscribers = subscribers;
    for (const socket of publishers) socket.onmessage = null;
    for (const socket of subscribers) socket.onmessage = ({ data }) => this.#take(data as string);
  }

  /** @param ports where the processes are, of which there are `processes`; they may share one. */
  static async open(ports: readonly number[], processes: number): Promise<LatencyLoad> {
    const publishers = await openAtEach(ports, processes, "");
    const subscribers = await openAtEach(ports, processes, topic);
    const load = new LatencyLoad(publishers, subscribers);
    await load.#untilRelayed();
    return load;
  }

  /** Milliseconds of each publication of a run, once all have arrived. */
  async run(ratePerSecond: number, durationMs: number): Promise<number[]> {
    this.#latencies = [];
    const startedAt = performance.now();
    const total = Math.round((ratePerSecond * durationMs) / 1000);
    for (let sent = 0; sent < total; ) {
      const due = Math.min(total, ((performance.now() - startedAt) * ratePerSecond) / 1000);
      for (; sent < due; sent++) this.#publish();
      await Bun.sleep(1);
    }
    const deadline = performance.now() + settleTimeoutMs;
    while (this.#sentAt.size > 0) {
      if (performance.now() > deadline) throw new Error(`${this.#sentAt.size} publications never arrived`);
      await Bun.sleep(1);
    }
    return this.#latencies;
  }

  [Symbol.dispose](): void {
    for (const socket of [...this.#publishers, ...this.#subscribers]) socket.close();
  }

  /** A welcome may come before the subscription that it announces. */
  async #untilRelayed(): Promise<void> {
    const deadline = performance.now() + setupTimeoutMs;
    do {
      if (performance.now() > deadline) throw new Error("nothing arrives at all subscribers");
      this.#sentAt.clear();
      for (const _ of this.#publishers) this.#publish();
      await Bun.sleep(100);
    } while (this.#sentAt.size > 0);
  }

  #publish(): void {
    const id = ++this.#count;
    const message = `${String(id).padStart(16, "0")}${padding}`;
    this.#sentAt.set(message, { at: performance.now(), left: this.#subscribers.length });
    const socket = this.#publishers[id % this.#publishers.length]!;
    socket.send(JSON.stringify({ type: "publish", id, topic, message }));
  }

  #take(text: string): void {
    const message = /"message":"(\d{16}m+)"/.exec(text)?.[1];
    const sent = message === undefined ? undefined : this.#sentAt.get(message);
    if (sent === undefined) return;
    sent.left--;
    if (sent.left > 0) return;
    this.#sentAt.delete(message!);
    this.#latencies.push(performance.now() - sent.at);
  }
}

/** A connection to each process: on a shared port the kernel decides which one it gets. */
const openAtEach = async (
  ports: readonly number[],
  processes: number,
  topics: string,
): Promise<WebSocket[]> => {
  const byNode = new Map<string, WebSocket>();
  const deadline = performance.now() + setupTimeoutMs;
  for (let attempt = 0; byNode.size < processes; attempt++) {
    if (performance.now() > deadline)
      throw new Error(`only ${byNode.size} of ${processes} processes were reached`);
    const socket = new WebSocket(`ws://127.0.0.1:${ports[attempt % ports.length]}/ws?topics=${topics}`);
    const node = await greeted(socket);
    if (byNode.has(node)) {
      socket.close();
      await Bun.sleep(searchPauseMs);
    } else {
      byNode.set(node, socket);
    }
  }
  return [...byNode.values()];
};

/** The name of the process that welcomes. */
const greeted = async (socket: WebSocket): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error("no welcome")), setupTimeoutMs);
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data as string) as { type: string; node?: string };
    if (frame.type === "welcome") resolve(frame.node ?? "");
  };
  socket.onerror = () => reject(new Error(`cannot connect to ${socket.url}`));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
};
