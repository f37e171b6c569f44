import type { CloseReason } from "../core/close-codes.ts";

/** What a session needs of its connection; the WebSocket transport implements it. */
export interface Link {
  send(text: string): void;
  /** Reads a native topic: what is published there from now on arrives without the session's doing. */
  join(native: string): void;
  quit(native: string): void;
  /** Whether it has joined a native topic, and not quit it. */
  reads(native: string): boolean;
  /** Bytes that wait to be taken by the client. */
  bufferedBytes(): number;
  /** Stops and restarts reading what the client sends. */
  pause(): void;
  resume(): void;
  close(why: CloseReason): void;
}
