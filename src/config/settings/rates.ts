import { bytes, decimal, duration } from "../setting.ts";
import { GIB, SECOND } from "./amounts.ts";

/** How fast clients may be once they are connected. */
export const rateSettings = {
  commandRatePerSecond: decimal({
    name: "COMMAND_RATE",
    group: "Rates",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "frames a second",
    description: "Frames from one WebSocket; 0: no such bound.",
  }),
  commandBytesRatePerSecond: bytes({
    name: "COMMAND_BYTES_RATE",
    group: "Rates",
    default: 0,
    minimum: 0,
    maximum: GIB,
    description: "What one WebSocket may send each second; 0: no such bound.",
  }),
  userCommandRatePerSecond: decimal({
    name: "USER_COMMAND_RATE",
    group: "Rates",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "frames a second",
    description: "Frames from all WebSockets of one user to this process; 0: no such bound.",
  }),
  userBytesRatePerSecond: bytes({
    name: "USER_BYTES_RATE",
    group: "Rates",
    default: 0,
    minimum: 0,
    maximum: GIB,
    description: "What all WebSockets of one user may send to this process each second; 0: no such bound.",
  }),
  topicPublishRatePerSecond: decimal({
    name: "TOPIC_PUBLISH_RATE",
    group: "Rates",
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: "publications a second",
    description: "Publications to one topic through this process; 0: no such bound.",
  }),
  rateBurstMs: duration({
    name: "RATE_BURST",
    group: "Rates",
    default: 2 * SECOND,
    minimum: 1,
    maximum: 3600 * SECOND,
    description: "Who was quiet may send at once what the rate allows in this time; one of it in any case.",
  }),
} as const;
