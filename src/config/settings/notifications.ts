import { choice, duration, integer } from "../setting.ts";
import { SECOND, TIMER_LIMIT } from "./amounts.ts";

/** Notifications, alerts and chat. */
export const notificationSettings = {
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
} as const;
