import { duration, integer } from "../setting.ts";
import { DAY, SECOND } from "./amounts.ts";

/** Event streams. */
export const eventStreamSettings = {
  sseTopicsMax: integer({
    name: "SSE_TOPICS_MAX",
    group: "Server-Sent Events",
    default: 32,
    minimum: 1,
    maximum: 1024,
    unit: "topics",
    description: "Topics of one event stream.",
  }),
  sseRetryMs: duration({
    name: "SSE_RETRY",
    group: "Server-Sent Events",
    default: 2 * SECOND,
    minimum: 0,
    maximum: DAY,
    description: "Time a browser is asked to wait before it connects again.",
  }),
  sseHeartbeatMs: duration({
    name: "SSE_HEARTBEAT",
    group: "Server-Sent Events",
    default: 15 * SECOND,
    minimum: 10,
    maximum: DAY,
    description: "A quiet event stream gets a comment this often.",
  }),
} as const;
