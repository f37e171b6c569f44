import type { Mode } from "./config.ts";
import type { SettingValues } from "./schema.ts";
import { DAY } from "./settings/amounts.ts";

/** What a mode sets where nothing explicit is given. */
export const modeDefaults: Readonly<Record<Mode, Partial<SettingValues>>> = {
  plain: {},
  dev: {
    host: "127.0.0.1",
    debug: true,
    reload: true,
    logLevel: "debug",
    logFormat: "text",
    shutdownTimeoutMs: 3000,
  },
  prod: {
    logFormat: "json",
    notificationIntervalMs: 0,
    hstsMaxAgeMs: 365 * DAY,
  },
};
