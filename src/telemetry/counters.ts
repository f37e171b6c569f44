import { closeCodes } from "../core/close-codes.ts";
import { errorCodes } from "../core/errors.ts";
import { LabelledCounter } from "./labelled-counter.ts";

export type TransportName = "websocket" | "sse";

/** Why a connection was not accepted. */
const refusalReasons = [
  "draining",
  "overloaded",
  "max_connections",
  "max_connections_per_address",
  "origin",
  "unauthorized",
  "forbidden",
  "conflict",
  "rate_limited",
  "bad_request",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Why the server ended a connection that would have stayed: a slow reader, or the reason of a close code. */
const evictionReasons: readonly string[] = ["backpressure", ...Object.keys(closeCodes)].map(evictionLabel);

/** Frames by `type`; `text` follows the chat rules. */
export const commandTypes = [
  "subscribe",
  "unsubscribe",
  "publish",
  "history",
  "presence",
  "response",
  "authenticate",
  "refresh",
  "ping",
  "status_request",
  "notification",
  "text",
] as const;
export type CountedCommand = (typeof commandTypes)[number];

/** Close codes of the protocol that the server sees, and those that it sends. */
const knownCloseCodes: readonly string[] = [
  ...["1000", "1001", "1002", "1003", "1005", "1006", "1007", "1008", "1009", "1011"],
  ...Object.values(closeCodes).map(({ code }) => String(code)),
];

/** Why a WebSocket ended without a close frame (1006). */
const abnormalCloseReasons = ["lost", "too_large", "invalid_text", "idle_timeout", "protocol"] as const;
export type AbnormalCloseReason = (typeof abnormalCloseReasons)[number];

/**
 * What the server counts. The hot path adds to the numbers directly (`counters.framesReceived++`,
 * `counters.errors.add(code)`); they are read when somebody asks. They only ever go up.
 */
export class Counters {
  readonly connectionsOpened = { websocket: 0, sse: 0 };
  readonly connectionsClosed = { websocket: 0, sse: 0 };
  readonly connectionsRefused = new LabelledCounter(refusalReasons);
  readonly evictions = new LabelledCounter(evictionReasons);
  readonly websocketCloses = new LabelledCounter(knownCloseCodes);
  readonly websocketAbnormalCloses = new LabelledCounter(abnormalCloseReasons);

  /** Publications accepted, by where they came in; `server` is the server's own. */
  readonly publications = { websocket: 0, rest: 0, server: 0 };
  /** Those published with `store: false`. */
  publicationsUnstored = 0;
  /** Publishes whose key was known, answered with the first one's position. */
  publicationsRepeated = 0;
  /** Publications sent again to subscribers that resumed. */
  publicationsReplayed = 0;

  /** Publications handed to subscribers, one for each subscriber. */
  readonly deliveries = { websocket: 0, sse: 0 };
  /** Payload bytes handed to sockets and streams, before framing and compression. */
  readonly bytesSent = { websocket: 0, sse: 0 };
  /** Payload bytes of WebSocket frames and HTTP bodies. */
  bytesReceived = 0;
  framesReceived = 0;
  requestsReceived = 0;

  readonly commands = new LabelledCounter(commandTypes);
  /** Errors answered, on every transport. */
  readonly errors = new LabelledCounter(errorCodes);
  resumesRecovered = 0;
  resumesNotRecovered = 0;
  historyReads = 0;

  /** What came from Redis, of topics that this node follows; all zero without Redis. */
  readonly relay = { received: 0, duplicates: 0, healed: 0, breaks: 0, invalid: 0 };

  /**
   * @param code as the close handler gets it; null for SSE
   * @param reason with code 1006, the runtime's own words; empty when the peer vanished or could not keep up
   * @param evictedFor why the server ended it, `backpressure` or a name of the close-code table; null: it did not
   */
  countEnd(transport: TransportName, code: number | null, reason: string, evictedFor: string | null): void {
    this.connectionsClosed[transport]++;
    if (evictedFor !== null) this.evictions.add(evictionLabel(evictedFor));
    if (code !== null) this.websocketCloses.add(String(code));
    if (code === 1006) this.websocketAbnormalCloses.add(classifyAbnormalClose(reason));
  }
}

function classifyAbnormalClose(reason: string): AbnormalCloseReason {
  if (reason === "") return "lost";
  if (/too big/i.test(reason)) return "too_large";
  if (/utf-8/i.test(reason)) return "invalid_text";
  return /timed out/i.test(reason) ? "idle_timeout" : "protocol";
}

/** What metrics and logs call a reason of the close-code table: `pong_timeout` for `pongTimeout`. */
export function evictionLabel(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
