import { topicPattern } from "../core/topic-pattern.ts";
import { boolean, bytes, choice, decimal, duration, integer, list, type Setting, text } from "./setting.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;
// Timers hold 31 bits of milliseconds; 24 days is the last whole day that fits.
const TIMER_LIMIT = 24 * DAY;

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;

/**
 * Every setting there is, by its key in `Config`. The parser, `--help`, `.env.example` and the README's table
 * all read this one table.
 */
export const settings = {
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
    description:
      "Server processes on this port. More than one needs a relay between them: this version takes 1.",
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
    pattern: /^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s?#@A-Z]+)$/,
    expects:
      "lower-case origins without a path, such as https://example.com,https://app.example.com:8443, or *",
    description: "Origins of web pages that may use this server beside its own.",
  }),

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

  historySize: integer({
    name: "HISTORY_SIZE",
    group: "History and topics",
    default: 1000,
    minimum: 1,
    maximum: 10_000_000,
    unit: "publications",
    description: "The last publications of each topic that are kept for history and resume.",
  }),
  historyAgeMs: duration({
    name: "HISTORY_AGE",
    group: "History and topics",
    default: 300 * SECOND,
    minimum: 1,
    maximum: TIMER_LIMIT,
    description: "Publications older than this leave the history.",
  }),
  historyTopicBytes: bytes({
    name: "HISTORY_TOPIC_BYTES",
    group: "History and topics",
    default: 4 * MIB,
    minimum: 1,
    maximum: TIB,
    description: "Size of one topic's history.",
  }),
  historyBytesMax: bytes({
    name: "HISTORY_BYTES_MAX",
    group: "History and topics",
    default: 256 * MIB,
    minimum: 1,
    maximum: TIB,
    description: "Size of all histories together; the least recently used goes first.",
  }),
  topicsMax: integer({
    name: "TOPICS_MAX",
    group: "History and topics",
    default: 200_000,
    minimum: 1,
    maximum: 100_000_000,
    unit: "topics",
    description: "Topics that are kept at once.",
  }),
  resumeLimit: integer({
    name: "RESUME_LIMIT",
    group: "History and topics",
    default: 1000,
    minimum: 1,
    maximum: 10_000_000,
    unit: "publications",
    description: "The most that is replayed to one subscriber; who missed more is told of a break.",
  }),
  presenceEvents: list({
    name: "PRESENCE_EVENTS",
    group: "History and topics",
    default: [],
    pattern: topicPattern,
    expects: "topic names, or beginnings of them with a *, such as lobby,room:*",
    description: "Topics whose readers are told when a user joins or leaves.",
  }),

  maxFrameBytes: bytes({
    name: "MAX_FRAME",
    group: "Limits",
    default: 64 * KIB,
    minimum: 1,
    maximum: GIB,
    description: "The largest WebSocket frame a client may send.",
  }),
  maxBodyBytes: bytes({
    name: "MAX_BODY",
    group: "Limits",
    default: MIB,
    minimum: 1,
    maximum: GIB,
    description: "The largest body of an HTTP request.",
  }),
  batchMax: integer({
    name: "BATCH_MAX",
    group: "Limits",
    default: 1000,
    minimum: 1,
    maximum: 1_000_000,
    unit: "publications",
    description: "Publications in one batch.",
  }),
  keyAgeMs: duration({
    name: "KEY_AGE",
    group: "Limits",
    default: 300 * SECOND,
    minimum: 1,
    maximum: TIMER_LIMIT,
    description: "A publisher's key is remembered for this long, so that a retry publishes nothing twice.",
  }),
  keysPerTopicMax: integer({
    name: "KEYS_PER_TOPIC_MAX",
    group: "Limits",
    default: 10_000,
    minimum: 1,
    maximum: 10_000_000,
    unit: "keys",
    description: "Publishers' keys remembered for one topic.",
  }),
  topicsPerConnectionMax: integer({
    name: "TOPICS_PER_CONNECTION_MAX",
    group: "Limits",
    default: 1000,
    minimum: 1,
    maximum: 1_000_000,
    unit: "topics",
    description: "Topics one connection may subscribe to.",
  }),
  commandsInFlightMax: integer({
    name: "COMMANDS_IN_FLIGHT_MAX",
    group: "Limits",
    default: 256,
    minimum: 1,
    maximum: 1_000_000,
    unit: "commands",
    description: "Commands of one connection that may wait for their answer at once.",
  }),
  presenceMembersMax: integer({
    name: "PRESENCE_MEMBERS_MAX",
    group: "Limits",
    default: 1000,
    minimum: 1,
    maximum: 1_000_000,
    unit: "members",
    description: "Members listed in one answer about presence.",
  }),

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

  notificationIntervalMs: duration({
    name: "NOTIFICATION_INTERVAL",
    aliases: ["PERIODIC_NOTIFICATION"],
    group: "Notifications and chat",
    default: 10 * SECOND,
    minimum: 0,
    maximum: TIMER_LIMIT,
    description: "A notification goes to all this often; 0 is never.",
  }),
  defaultClient: choice({
    name: "DEFAULT_CLIENT",
    group: "Notifications and chat",
    default: "chat",
    choices: ["chat", "user", "admin"],
    description:
      "Role of a WebSocket that does not say client=: a user only receives, an admin notifies all.",
  }),
  recentNotifications: integer({
    name: "RECENT_NOTIFICATIONS",
    group: "Notifications and chat",
    default: 5,
    minimum: 0,
    maximum: 10_000,
    unit: "notifications",
    description: "The last notifications that a new connection gets; 0 is none.",
  }),
  recentTtlMs: duration({
    name: "RECENT_TTL",
    group: "Notifications and chat",
    default: 3600 * SECOND,
    minimum: 1,
    maximum: TIMER_LIMIT,
    description: "Notifications older than this are not recent any more.",
  }),
  alertHistory: integer({
    name: "ALERT_HISTORY",
    group: "Notifications and chat",
    default: 100,
    minimum: 0,
    maximum: 1_000_000,
    unit: "alerts",
    description: "The last alerts that are kept, whatever their age.",
  }),
  chatHistory: integer({
    name: "CHAT_HISTORY",
    group: "Notifications and chat",
    default: 100,
    minimum: 0,
    maximum: 1_000_000,
    unit: "messages",
    description: "The last chat messages that are kept, whatever their age.",
  }),

  alertGeneratorIntervalMs: duration({
    name: "ALERT_GENERATOR_INTERVAL",
    group: "Notifications and chat",
    default: 0,
    minimum: 0,
    maximum: TIMER_LIMIT,
    description: "A sample alert is made this often, for trying things out; 0 is never.",
  }),

  ssePath: text({
    name: "SSE_PATH",
    group: "Bridge to users",
    default: "/sse",
    pattern: /^\/[A-Za-z0-9_.~/-]*[A-Za-z0-9_.~-]$/,
    expects: "a path that begins with / and does not end with it, such as /sse",
    description: "Prefix of the routes that push to users: /sse/push, /sse/send.",
  }),
  sseBatchPath: text({
    name: "SSE_BATCH_PATH",
    group: "Bridge to users",
    default: "/sse/push/batch",
    pattern: /^\/[A-Za-z0-9_.~/-]*[A-Za-z0-9_.~-]$/,
    expects: "a path that begins with / and does not end with it, such as /sse/push/batch",
    description: "Path of the route that pushes many messages at once.",
  }),
  publicAccounts: list({
    name: "PUBLIC_ACCOUNTS",
    group: "Bridge to users",
    default: [],
    pattern: /^[A-Za-z0-9_.:@|~=-]{1,250}$/,
    expects: "user ids, such as support,news-bot",
    description:
      "Accounts that an @mention at the start of a word sends a message to, instead of its recipient.",
  }),
  duplicateUser: choice({
    name: "DUPLICATE_USER",
    group: "Bridge to users",
    default: "allow",
    choices: ["allow", "replace", "reject"],
    description: "A user's second WebSocket: stands beside the first, closes it (4409), or is refused (409).",
  }),

  metricsEnabled: boolean({
    name: "METRICS_ENABLED",
    group: "Monitoring",
    default: true,
    description: "Serve /metrics and /metrics/prometheus.",
  }),
  healthCheckEnabled: boolean({
    name: "HEALTH_CHECK_ENABLED",
    group: "Monitoring",
    default: true,
    description: "Serve /health.",
  }),
} as const;

type Settings = typeof settings;

/** The key of a setting in `Config`. */
export type SettingKey = keyof Settings;

/** The value of each setting, by its key. */
export type SettingValues = {
  readonly [Key in SettingKey]: Settings[Key] extends Setting<infer Value> ? Value : never;
};

/** Every key with its setting, in the order of the table. */
export const settingEntries = Object.entries(settings) as [SettingKey, Setting][];

/** The settings' defaults, with nothing of the mode or the machine in them. */
export const defaultValues = Object.fromEntries(
  settingEntries.map(([key, setting]) => [key, setting.default]),
) as SettingValues;
