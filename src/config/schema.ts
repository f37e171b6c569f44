import type { Setting } from "./setting.ts";
import { admissionSettings } from "./settings/admission.ts";
import { authSettings } from "./settings/auth.ts";
import { bridgeSettings } from "./settings/bridge.ts";
import { connectionSettings } from "./settings/connections.ts";
import { eventStreamSettings } from "./settings/event-streams.ts";
import { historySettings } from "./settings/history.ts";
import { limitSettings } from "./settings/limits.ts";
import { logSettings } from "./settings/logs.ts";
import { monitoringSettings } from "./settings/monitoring.ts";
import { notificationSettings } from "./settings/notifications.ts";
import { rateSettings } from "./settings/rates.ts";
import { redisSettings } from "./settings/redis.ts";
import { serverSettings } from "./settings/server.ts";
import { shutdownSettings } from "./settings/shutdown.ts";

/**
 * Every setting there is, by its key in `Config`. The parser, `--help`, `.env.example` and the README's table
 * all read this one table.
 */
export const settings = {
  ...serverSettings,
  ...redisSettings,
  ...authSettings,
  ...logSettings,
  ...connectionSettings,
  ...admissionSettings,
  ...historySettings,
  ...limitSettings,
  ...rateSettings,
  ...eventStreamSettings,
  ...shutdownSettings,
  ...notificationSettings,
  ...bridgeSettings,
  ...monitoringSettings,
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
