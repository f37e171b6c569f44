import { bytes, choice, duration, text } from "../setting.ts";
import { DAY, SECOND, TIB } from "./amounts.ts";

/** What is logged, where, and for how long it is kept. */
export const logSettings = {
  logLevel: choice({
    name: "LOG_LEVEL",
    group: "Logs",
    default: "info",
    choices: ["trace", "debug", "info", "warning", "error", "critical"],
    synonyms: { warn: "warning", fatal: "critical" },
    shownUpperCase: true,
    flag: "--log-level",
    description: "The least severe level that is logged.",
  }),
  logFormat: choice({
    name: "LOG_FORMAT",
    group: "Logs",
    default: "json",
    choices: ["json", "text"],
    description: "One JSON object a line, or text for people.",
  }),
  logDir: text({
    name: "LOG_DIR",
    group: "Logs",
    default: "logs",
    pattern: /^[^\0]+$/,
    expects: "the path of a folder",
    description: "Folder of websocket_server.log and errors.log; none: standard output alone.",
  }),
  logRotationBytes: bytes({
    name: "LOG_ROTATION",
    group: "Logs",
    default: 100_000_000,
    minimum: 1,
    maximum: TIB,
    description: "A log file that reaches this size is set aside for a new one.",
  }),
  logRetentionMs: duration({
    name: "LOG_RETENTION",
    group: "Logs",
    default: 30 * DAY,
    minimum: SECOND,
    maximum: 36_500 * DAY,
    description: "Log files that were set aside are deleted at this age.",
  }),
} as const;
