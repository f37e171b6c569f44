import { topicPattern } from "../../core/topic-pattern.ts";
import { bytes, duration, integer, list, text } from "../setting.ts";
import { MIB, SECOND, TIB, TIMER_LIMIT } from "./amounts.ts";

/** What is remembered of topics, and who is told of their readers. */
export const historySettings = {
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
    description: "Topics whose readers, if they may see its presence, are told when a user joins or leaves.",
  }),
  rulesFile: text({
    name: "RULES_FILE",
    group: "History and topics",
    default: "",
    defaultNote: "fanfare.config.ts, .js or .json, if there",
    pattern: /^(|none|.+\.(ts|mts|js|mjs|json))$/,
    expects: "the path of a file that ends in .ts, .mts, .js, .mjs or .json, or none",
    description: "File of rules for topics, from the working directory on; none: there are no rules.",
  }),
} as const;
