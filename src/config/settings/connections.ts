import { boolean, bytes, duration, integer } from "../setting.ts";
import { DAY, GIB, MIB, SECOND } from "./amounts.ts";

/** How many connections there may be, and how they are kept alive. */
export const connectionSettings = {
  maxConnections: integer({
    name: "MAX_CONNECTIONS",
    group: "Connections",
    default: 10_000,
    defaultNote: "file-descriptor limit - 256",
    minimum: 1,
    maximum: 1_000_000,
    unit: "connections",
    description: "WebSocket and SSE connections together; more are refused.",
  }),
  pingIntervalMs: duration({
    name: "PING_INTERVAL",
    aliases: ["WS_PING_INTERVAL"],
    group: "Connections",
    default: 30 * SECOND,
    minimum: 10,
    maximum: DAY,
    description: "Every WebSocket is sent a PING this often.",
  }),
  pingTimeoutMs: duration({
    name: "PING_TIMEOUT",
    aliases: ["WS_PING_TIMEOUT"],
    group: "Connections",
    default: 10 * SECOND,
    minimum: 10,
    maximum: DAY,
    description: "A WebSocket that does not answer a PING for this long is closed.",
  }),
  httpIdleTimeoutMs: duration({
    name: "HTTP_IDLE_TIMEOUT",
    group: "Connections",
    default: 10 * SECOND,
    minimum: 10,
    maximum: 255 * SECOND,
    description:
      "An HTTP connection kept open between requests is closed after this; a first request has 12 s.",
  }),
  backpressureLimitBytes: bytes({
    name: "BACKPRESSURE_LIMIT",
    group: "Connections",
    default: 4 * MIB,
    minimum: 1,
    maximum: GIB,
    description: "A connection with more than this waiting to be sent is closed; it resumes where it was.",
  }),
  wsCompression: boolean({
    name: "WS_COMPRESSION",
    group: "Connections",
    default: false,
    description: "Compress WebSocket frames (permessage-deflate); costs time and memory for each connection.",
  }),
} as const;
