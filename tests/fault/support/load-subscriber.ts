import type { Witness } from "../../support/history/history-judge.ts";
import type { ServerFrame } from "../../support/history-checker.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface LoadSubscriberOptions {
  /** Servers, as `http://127.0.0.1:8000`; the first that lets it in, and after a loss the next. */
  readonly urls: readonly string[];
  readonly topics: readonly string[];
  readonly witness: Witness;
  readonly random: SeededRandom;
  readonly onPublication?: ((frame: ServerFrame) => void) | undefined;
}

/** How long it waits before it connects or asks again. */
const retryMs = [20, 150] as const;

/** Follows topics through whatever happens: reconnects, and resumes each topic where it was. */
export class LoadSubscriber {
  readonly #options: LoadSubscriberOptions;
  #socket: WebSocket | null = null;
  #attempts: number;
  #isClosed = false;
  #nextId = 1;
  /** Topics of commands not yet answered. */
  readonly #asked = new Map<number, string>();
  readonly #live = new Set<string>();
  /** Connections lost or refused. */
  losses = 0;
  /** `subscribed` without an id: breaks in the live stream that it was told of. */
  breaksTold = 0;
  /** Answers that no client should get in any of the tests. */
  readonly complaints: string[] = [];

  /** @param first which of the urls to begin with. */
  constructor(options: LoadSubscriberOptions, first = 0) {
    this.#options = options;
    this.#attempts = first;
    this.#connect();
  }

  /** It follows every topic at this moment. */
  get isLive(): boolean {
    return this.#live.size === this.#options.topics.length;
  }

  reached(topic: string) {
    return this.#options.witness.reached(topic);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.close();
  }

  #connect(): void {
    const { urls } = this.#options;
    const url = urls[this.#attempts % urls.length]!;
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws?topics=`);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data as string)));
    socket.addEventListener("close", () => this.#lost());
  }

  #lost(): void {
    this.#asked.clear();
    this.#live.clear();
    this.#options.witness.take({ kind: "disconnected" });
    if (this.#isClosed) return;
    this.losses += 1;
    this.#attempts += 1;
    setTimeout(
      () => {
        if (!this.#isClosed) this.#connect();
      },
      this.#options.random.integer(...retryMs),
    );
  }

  #take(frame: ServerFrame): void {
    if (frame.type === "error") {
      this.#refused(frame);
      return;
    }
    this.#options.witness.take({ kind: "frame", frame });
    if (typeof frame.ts === "number") this.#options.onPublication?.(frame);
    else if (frame.type === "welcome") for (const topic of this.#options.topics) this.#subscribe(topic);
    else if (frame.type === "subscribed") this.#subscribed(frame);
    else if (frame.type === "unsubscribed") this.complaints.push(JSON.stringify(frame));
  }

  #subscribed(frame: ServerFrame): void {
    if (frame.id === undefined) {
      this.breaksTold += 1;
      return;
    }
    this.#asked.delete(Number(frame.id));
    this.#live.add(String(frame.topic));
  }

  #refused(frame: ServerFrame): void {
    const topic = this.#asked.get(Number(frame.id));
    if (topic === undefined || !["unavailable", "draining"].includes(String(frame.code))) {
      this.complaints.push(JSON.stringify(frame));
      return;
    }
    this.#asked.delete(Number(frame.id));
    const socket = this.#socket;
    setTimeout(
      () => {
        if (this.#socket === socket && socket?.readyState === WebSocket.OPEN) this.#subscribe(topic);
      },
      this.#options.random.integer(...retryMs),
    );
  }

  #subscribe(topic: string): void {
    const { witness } = this.#options;
    const since = witness.reached(topic);
    if (since !== null) witness.take({ kind: "resume", topic, since });
    const id = this.#nextId++;
    this.#asked.set(id, topic);
    this.#socket?.send(
      JSON.stringify({ type: "subscribe", id, topic, ...(since === null ? {} : { since }) }),
    );
  }
}
