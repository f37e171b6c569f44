import { boolean, duration, integer, list, text } from "../setting.ts";
import { DAY } from "./amounts.ts";

export const originPattern = /^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s?#@A-Z]+)$/;
export const originExpectation =
  "lower-case origins without a path, such as https://example.com,https://app.example.com:8443, or *";

/** Where the server listens, and who may use it from a web page. */
export const serverSettings = {
  host: text({
    name: "HOST",
    group: "Server",
    default: "0.0.0.0",
    flag: "--host",
    pattern: /^[A-Za-z0-9_.:%-]+$/,
    expects: "a host name or an IP address without scheme or port, such as 0.0.0.0 or localhost",
    description: "Address to listen on.",
  }),
  port: integer({
    name: "PORT",
    aliases: ["API_PORT"],
    group: "Server",
    default: 8000,
    minimum: 0,
    maximum: 65_535,
    unit: "",
    flag: "--port",
    description: "Port to listen on; 0 takes any free one.",
  }),
  workers: integer({
    name: "WORKERS",
    group: "Server",
    default: 1,
    minimum: 1,
    maximum: 1024,
    unit: "processes",
    flag: "--workers",
    expects: "a whole number from 1 to 1024, or auto",
    description:
      "Server processes on this port; auto is one for each core. More than one needs Redis between them.",
  }),
  debug: boolean({
    name: "DEBUG",
    group: "Server",
    default: false,
    description: "Debug mode; LOG_LEVEL is then DEBUG unless it is set.",
  }),
  reload: boolean({
    name: "RELOAD",
    group: "Server",
    default: false,
    flag: "--reload",
    description: "Restart when a source file changes.",
  }),
  wsPath: text({
    name: "WS_PATH",
    group: "Server",
    default: "/ws",
    pattern: /^\/[A-Za-z0-9_.~/-]*[A-Za-z0-9_.~-]$/,
    expects: "a path that begins with / and does not end with it, such as /ws",
    description: "Path of the WebSocket endpoint.",
  }),
  corsOrigins: list({
    name: "CORS_ORIGINS",
    group: "Server",
    default: [],
    pattern: originPattern,
    expects: originExpectation,
    description: "Origins of web pages that may use this server beside its own.",
  }),
  hstsMaxAgeMs: duration({
    name: "HSTS_MAX_AGE",
    group: "Server",
    default: 0,
    minimum: 0,
    maximum: 730 * DAY,
    description:
      "How long browsers are to come back over TLS alone (Strict-Transport-Security), on every answer; 0: it is not said.",
  }),
} as const;
