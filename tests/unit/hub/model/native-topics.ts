import type { Publication } from "../../../../src/core/publication.ts";
import { nativeOfMembers } from "../../../../src/hub/membership.ts";
import type { Channel, FanOut } from "../../../../src/hub/ports.ts";

/** What a client gets to see, in its order. */
export type Received =
  | { readonly kind: "publication"; readonly topic: string; readonly publication: Publication }
  | { readonly kind: "broke"; readonly topic: string; readonly epoch: string; readonly offset: number }
  | { readonly kind: "announced"; readonly topic: string; readonly type: string; readonly frame: string }
  | { readonly kind: "sent"; readonly what: unknown };

/**
 * A socket as the runtime's native topics treat it: what is published waits for the end of the turn, what is
 * sent goes at once, behind what waits.
 */
export class FakeSocket {
  readonly #topics: NativeTopics;
  #waiting: Received[] = [];
  #received: Received[] = [];

  constructor(topics: NativeTopics) {
    this.#topics = topics;
    topics.sockets.add(this);
  }

  subscribe(native: string): void {
    this.#topics.socketsOf(native).add(this);
  }

  unsubscribe(native: string): void {
    this.#topics.unsubscribe(this, native);
  }

  reads(native: string): boolean {
    return this.#topics.socketsOf(native).has(this);
  }

  send(what: unknown): void {
    this.flush();
    this.#received.push({ kind: "sent", what });
  }

  queue(received: Received): void {
    this.#waiting.push(received);
  }

  flush(): void {
    this.#received.push(...this.#waiting);
    this.#waiting = [];
  }

  /** What arrived since the last call. */
  take(): Received[] {
    const received = this.#received;
    this.#received = [];
    return received;
  }

  /** Gone: what was not written yet is lost. */
  close(): void {
    this.#topics.remove(this);
    this.#waiting = [];
  }
}

/** The native topics of one server, for the fan-out in JSON. */
export class NativeTopics implements FanOut {
  readonly format = "json";
  /** The most that one topic was handed in one turn while somebody was subscribed. */
  largestTurnBytes = 0;
  readonly sockets = new Set<FakeSocket>();
  readonly #subscribers = new Map<string, Set<FakeSocket>>();
  readonly #turnBytes = new Map<string, number>();

  socketsOf(native: string): Set<FakeSocket> {
    let sockets = this.#subscribers.get(native);
    if (sockets === undefined) {
      sockets = new Set();
      this.#subscribers.set(native, sockets);
    }
    return sockets;
  }

  unsubscribe(socket: FakeSocket, native: string): void {
    const sockets = this.socketsOf(native);
    sockets.delete(socket);
    if (sockets.size === 0) this.#turnBytes.delete(native);
  }

  remove(socket: FakeSocket): void {
    this.sockets.delete(socket);
    for (const native of this.#subscribers.keys()) this.unsubscribe(socket, native);
  }

  /** The end of a turn: everybody is written to. */
  flush(): void {
    for (const socket of this.sockets) socket.flush();
    this.#turnBytes.clear();
  }

  deliver({ topic, native }: Channel, publication: Publication): void {
    const bytes = (this.#turnBytes.get(native) ?? 0) + publication.bytes;
    this.#turnBytes.set(native, bytes);
    this.largestTurnBytes = Math.max(this.largestTurnBytes, bytes);
    this.#publish(native, { kind: "publication", topic, publication });
  }

  announce({ topic, native }: Channel, type: string, frame: string): void {
    this.#publish(nativeOfMembers(native), { kind: "announced", topic, type, frame });
  }

  broke({ topic, native }: Channel, epoch: string, offset: number): void {
    this.#publish(native, { kind: "broke", topic, epoch, offset });
  }

  #publish(native: string, received: Received): void {
    for (const socket of this.socketsOf(native)) socket.queue(received);
  }
}
