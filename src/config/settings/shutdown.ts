import { decimal, duration } from "../setting.ts";
import { SECOND, TIMER_LIMIT } from "./amounts.ts";

/** How clients are let go. */
export const shutdownSettings = {
  shutdownTimeoutMs: duration({
    name: "SHUTDOWN_TIMEOUT",
    group: "Shutdown",
    default: 1800 * SECOND,
    minimum: 0,
    maximum: TIMER_LIMIT,
    description: "Time clients have to leave when the server stops; those left are then closed.",
  }),
  drainRatePerSecond: decimal({
    name: "DRAIN_RATE",
    group: "Shutdown",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "connections a second",
    description: "Connections that are asked to leave each second while the server stops; 0 asks none.",
  }),
} as const;
