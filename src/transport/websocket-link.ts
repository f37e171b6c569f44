import type { ServerWebSocket } from "bun";
import { type CloseReason, closeCodes } from "../core/close-codes.ts";
import type { Doorstep } from "../session/doorstep.ts";
import type { Asked, Handshake } from "../session/handshake.ts";
import type { Link } from "../session/link.ts";
import type { Session } from "../session/session.ts";
import type { Living } from "./liveness.ts";

export type Socket = ServerWebSocket<WebSocketLink>;

/** How a client comes in: known, or to be asked who it is. */
export type Arrival =
  | { readonly kind: "known"; readonly handshake: Handshake }
  | { readonly kind: "unknown"; readonly asked: Asked };

/** One WebSocket: what Bun calls `ws.data`, and what its session sends through. */
export class WebSocketLink implements Link, Living {
  readonly id: string;
  /** Dropped once it is open. */
  arrival: Arrival | null;
  /** Whom it is counted for among those who connect. */
  readonly client: string | null;
  readonly openedAt: number;
  /** What takes its frames; null: it is not open. */
  session: Session | Doorstep | null = null;
  bucket = 0;
  /** Outgoing bytes when last looked at: the runtime does not say why it closed a connection. */
  sampledBytes = 0;
  /** Why this server closed it, if it did. */
  closedFor: CloseReason | null = null;
  #socket: Socket | null = null;
  /** Something came in since the last PING. */
  heard = true;

  constructor(id: string, arrival: Arrival, client: string | null, openedAt: number) {
    this.id = id;
    this.arrival = arrival;
    this.client = client;
    this.openedAt = openedAt;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  join(native: string): void {
    this.#socket?.subscribe(native);
  }

  quit(native: string): void {
    this.#socket?.unsubscribe(native);
  }

  reads(native: string): boolean {
    return this.#socket?.isSubscribed(native) === true;
  }

  bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(why: CloseReason): void {
    if (this.closedFor !== null) return;
    this.closedFor = why;
    const { code, reason } = closeCodes[why];
    this.#socket?.close(code, reason);
  }

  /** Asks the client to come back elsewhere. */
  leave(): void {
    this.close("drained");
  }

  /** For load; with `dropsBuffer` what the client has yet to take is dropped, and it sees no close frame. */
  shed(dropsBuffer: boolean): void {
    if (!dropsBuffer) {
      this.close("shed");
      return;
    }
    this.closedFor ??= "shed";
    this.terminate();
  }

  /** Without a close frame or another byte. */
  terminate(): void {
    this.#socket?.terminate();
  }

  ping(): void {
    this.heard = false;
    this.#socket?.ping();
  }

  isAlive(): boolean {
    return this.heard;
  }

  expire(): void {
    this.close("pongTimeout");
  }
}
