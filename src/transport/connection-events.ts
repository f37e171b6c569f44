import type { CloseReason } from "../core/close-codes.ts";

export type TransportName = "websocket" | "sse";

/** How a connection ended, for logs and metrics. */
export interface Ended {
  readonly transport: TransportName;
  readonly connectionId: string;
  readonly userId: string | null;
  /** The WebSocket close code; null for SSE. */
  readonly code: number | null;
  /** The runtime's text, when it closed by itself. */
  readonly reason: string;
  /** Why this server ended it: `backpressure` for a reader that was too slow; null: it did not. */
  readonly evictedFor: CloseReason | "backpressure" | null;
  readonly durationMs: number;
}

/** Told of every connection that came and went. */
export interface ConnectionEvents {
  opened(transport: TransportName, connectionId: string, userId: string | null): void;
  ended(ended: Ended): void;
}
