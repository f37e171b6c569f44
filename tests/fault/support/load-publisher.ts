import type { AcknowledgedPublish, Position } from "../../support/history-checker.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface LoadPublisherOptions {
  readonly name: string;
  readonly urls: readonly string[];
  readonly topics: readonly string[];
  readonly ratePerSecond: number;
  readonly random: SeededRandom;
  /** Called when a publication leaves for the first time; `tag` is its message and its key. */
  readonly onPublish?: ((tag: string) => void) | undefined;
}

interface Publication {
  /** Counts from 0. */
  readonly sequence: number;
  readonly tag: string;
  readonly topic: string;
  attempts: number;
  sentAt: number;
}

interface PublisherFrame {
  readonly type: string;
  readonly id?: number;
  readonly code?: string;
  readonly epoch?: string;
  readonly offset?: number;
}

const tickMs = 5;
/** Fewer than a server takes from one connection. */
const inFlightMax = 100;
const retryMs = [20, 100] as const;
/** Answers after which a publication's outcome is unknown, or it was not taken for now. */
const passingCodes = ["unavailable", "draining"];

/** Publishes at a steady rate over a WebSocket, and each publication with its key until it is acknowledged. */
export class LoadPublisher {
  readonly #options: LoadPublisherOptions;
  readonly #underWay = new Map<number, Publication>();
  readonly #waiting: Publication[] = [];
  /** By sequence, with holes where the ack is still to come. */
  readonly #acks: AcknowledgedPublish[] = [];
  readonly #newest = new Map<string, Position>();
  readonly #lastAckAt = new Map<string, number>();
  #acknowledgedCount = 0;
  #isClosed = false;
  #socket: WebSocket | null = null;
  #isOpen = false;
  #attempts: number;
  #isStopped = false;
  #published = 0;
  #resting = 0;
  #nextId = 1;
  #owed = 0;
  #tickedAt = performance.now();
  readonly #timer: Timer;
  /** Commands that were answered `unavailable` or `draining`. */
  refusals = 0;
  /** The longest that a command had to wait for its answer on a connection that was there. */
  slowestAnswerMs = 0;
  readonly complaints: string[] = [];

  /** @param first which of the urls to begin with. */
  constructor(options: LoadPublisherOptions, first = 0) {
    this.#options = options;
    this.#attempts = first;
    this.#connect();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Publications that left, acknowledged or not. */
  get published(): number {
    return this.#published;
  }

  get unacknowledged(): number {
    return this.#underWay.size + this.#waiting.length + this.#resting;
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  /** When, by `performance.now()`, the last acknowledgement came. */
  get lastAckAt(): number {
    return Math.max(0, ...this.#lastAckAt.values());
  }

  lastAckOf(topic: string): number {
    return this.#lastAckAt.get(topic) ?? 0;
  }

  /** The highest position of the epoch of the last acknowledgement. */
  newestOf(topic: string): Position | null {
    return this.#newest.get(topic) ?? null;
  }

  /** In the order of publishing. */
  get acknowledged(): AcknowledgedPublish[] {
    return this.#acks.filter(() => true);
  }

  /** Publishes nothing new; what is not acknowledged yet it goes on with. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const { urls } = this.#options;
    const url = urls[this.#attempts % urls.length]!;
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws?topics=`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#isOpen = true;
    });
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data as string)));
    socket.addEventListener("close", () => this.#lost());
  }

  #lost(): void {
    this.#isOpen = false;
    const now = performance.now();
    for (const publication of this.#underWay.values()) {
      this.#noteAnswer(publication, now);
      this.#waiting.push(publication);
    }
    this.#underWay.clear();
    this.#attempts += 1;
    if (this.#isClosed) return;
    setTimeout(
      () => {
        if (!this.#isClosed) this.#connect();
      },
      this.#options.random.integer(...retryMs),
    );
  }

  #tick(): void {
    const now = performance.now();
    const elapsedMs = now - this.#tickedAt;
    this.#tickedAt = now;
    if (!this.#isOpen) return;
    while (this.#waiting.length > 0 && this.#underWay.size < inFlightMax) this.#send(this.#waiting.shift()!);
    if (this.#isStopped) return;
    this.#owed = Math.min(this.#owed + (elapsedMs * this.#options.ratePerSecond) / 1000, inFlightMax);
    while (this.#owed >= 1 && this.#underWay.size < inFlightMax) {
      this.#owed -= 1;
      const { name, topics, random, onPublish } = this.#options;
      const sequence = this.#published++;
      const tag = `${name}-${sequence}`;
      onPublish?.(tag);
      this.#send({ sequence, tag, topic: random.pick(topics), attempts: 0, sentAt: 0 });
    }
  }

  #send(publication: Publication): void {
    const { tag, topic } = publication;
    const id = this.#nextId++;
    publication.attempts += 1;
    publication.sentAt = performance.now();
    this.#underWay.set(id, publication);
    this.#socket?.send(JSON.stringify({ type: "publish", id, topic, message: tag, key: tag }));
  }

  #take(frame: PublisherFrame): void {
    if (frame.type !== "ack" && frame.type !== "error") return;
    const publication = this.#underWay.get(frame.id ?? 0);
    if (publication === undefined) {
      this.complaints.push(JSON.stringify(frame));
      return;
    }
    this.#underWay.delete(frame.id!);
    this.#noteAnswer(publication, performance.now());
    if (frame.type === "ack") this.#acknowledge(publication, frame);
    else if (passingCodes.includes(frame.code ?? "")) this.#retry(publication);
    else this.complaints.push(JSON.stringify(frame));
  }

  #noteAnswer(publication: Publication, now: number): void {
    this.slowestAnswerMs = Math.max(this.slowestAnswerMs, now - publication.sentAt);
  }

  #acknowledge(publication: Publication, { epoch, offset }: PublisherFrame): void {
    const { sequence, tag, topic, attempts } = publication;
    const { name } = this.#options;
    // What is sent again may come behind what was published later: it is its own lane.
    const publisher = attempts === 1 ? name : `${name}, again: ${tag}`;
    const position = { epoch: epoch ?? "", offset: offset ?? 0 };
    const newest = this.#newest.get(topic);
    if (newest?.epoch !== position.epoch || newest.offset < position.offset)
      this.#newest.set(topic, position);
    this.#lastAckAt.set(topic, performance.now());
    this.#acknowledgedCount += 1;
    this.#acks[sequence] = { publisher, topic, ...position, message: tag, key: tag };
  }

  #retry(publication: Publication): void {
    this.refusals += 1;
    this.#resting += 1;
    setTimeout(
      () => {
        this.#resting -= 1;
        this.#waiting.push(publication);
      },
      this.#options.random.integer(...retryMs),
    );
  }
}
