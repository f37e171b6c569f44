import { EventStreamClient } from "../../integration/event-stream/event-stream-client.ts";
import { type Frame, WebSocketClient } from "../../support/websocket-client.ts";

/** How the healthy fared. */
export interface Account {
  readonly published: number;
  /** Milliseconds from a publish to its arrival, the slower of both transports. */
  readonly medianMs: number;
  readonly worstMs: number;
}

const topic = "bystanders";
const everyMs = 25;
const patienceMs = 20_000;

/**
 * Healthy clients beside an attack: one publishes all the time, one reads over WebSocket and one over an event
 * stream. `account` fails where one of them missed, repeated or reordered anything, or was disconnected.
 */
export class Bystanders {
  readonly #publisher: WebSocketClient;
  readonly #webSocket: WebSocketClient;
  readonly #eventStream: EventStreamClient;
  readonly #timer: Timer;
  readonly #sentAtMs: number[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #acknowledged = new Set<number>();
  #closed = false;

  private constructor(
    publisher: WebSocketClient,
    webSocket: WebSocketClient,
    eventStream: EventStreamClient,
  ) {
    this.#publisher = publisher;
    this.#webSocket = webSocket;
    this.#eventStream = eventStream;
    this.#timer = setInterval(() => this.#publish(), everyMs);
    webSocket.socket.addEventListener("message", (event) => this.#arrived(JSON.parse(String(event.data))));
    publisher.socket.addEventListener("message", (event) => {
      const frame: Frame = JSON.parse(String(event.data));
      if (frame.type === "ack") this.#acknowledged.add(frame.id);
    });
    for (const { closed } of [publisher, webSocket]) void closed.then(() => this.#lost("a WebSocket"));
    void eventStream.ended.then(() => this.#lost("the event stream"));
  }

  static async open(url: string): Promise<Bystanders> {
    const webSocket = await WebSocketClient.welcomed(url, `topics=${topic}`);
    const eventStream = await EventStreamClient.subscribed(url, `topic=${topic}`);
    const publisher = await WebSocketClient.welcomed(url, "topics=");
    return new Bystanders(publisher, webSocket, eventStream);
  }

  /** Stops publishing, and says how they fared once everything has arrived. */
  async account(): Promise<Account> {
    clearInterval(this.#timer);
    // However short the attack was: whether they still get anything is the question.
    this.#publish();
    const published = this.#sentAtMs.length;
    const deadline = performance.now() + patienceMs;
    const arrived = () => [
      this.#acknowledged.size,
      this.#webSocket.received.filter(isPublication).length,
      this.#eventStream.events.filter(({ data }) => isPublication(data)).length,
    ];
    while (arrived().some((count) => count < published) && performance.now() < deadline) await Bun.sleep(10);
    if (this.#lostOne !== null) throw new Error(`${this.#lostOne} was lost`);
    const expected = Array.from({ length: published }, (_, index) => index + 1).join();
    for (const frames of [this.#webSocket.received, this.#eventStream.events.map(({ data }) => data)]) {
      const offsets = frames.filter(isPublication).map(({ offset }) => offset);
      if (offsets.join() !== expected)
        throw new Error(`of ${published} there arrived ${offsets.length}: ${offsets}`);
    }
    if (this.#acknowledged.size !== published)
      throw new Error(`${this.#acknowledged.size} of ${published} were acknowledged`);
    const sorted = this.#latenciesMs.toSorted((one, other) => one - other);
    return { published, medianMs: sorted[sorted.length >> 1]!, worstMs: sorted.at(-1)! };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([this.#publisher.close(), this.#webSocket.close(), this.#eventStream.close()]);
  }

  #lostOne: string | null = null;

  #lost(who: string): void {
    if (!this.#closed) this.#lostOne = who;
  }

  #publish(): void {
    const id = this.#sentAtMs.push(performance.now());
    this.#publisher.send({ type: "publish", id, topic, data: id });
  }

  #arrived(frame: Frame): void {
    if (isPublication(frame)) this.#latenciesMs.push(performance.now() - this.#sentAtMs[frame.data - 1]!);
  }
}

function isPublication(frame: Frame): boolean {
  return frame.topic === topic && "ts" in frame;
}
